"""From clips to the rows that Milvus keeps of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.milvus.attributes import held_attributes
from music_index_service.milvus.clips import heard_of, packed
from music_index_service.milvus.schema import DELETED, SCORES, SETTING, RowState
from music_index_service.milvus.server import Row

Vectors = Mapping[str, NDArray[np.float32]]  # space -> <float32>[n, dimension] of n clips


# Names of settings, which no attribute has.
SEQUENCE, DESCRIPTION = "", ":description"


@dataclass(frozen=True)
class RowMaker:
    """Makes the rows of clips in an index of these spaces, with these labels."""

    spaces: Sequence[Space]
    labels: LabelHierarchy

    def of_clips(
        self,
        clips: Sequence[StoredClip],
        vectors: Vectors,
        sequence: int,
        states: Sequence[RowState],
        mood_labels: Sequence[Sequence[int]],
    ) -> Iterator[list[Row]]:
        """For each clip its rows, one for each space."""
        heard = heard_of(clips)
        scores, moods = heard.matrix()[:, :SCORES].tolist(), heard.moods.argmax(axis=1).tolist()
        placed = [self._filled_up(vectors[space.name]).tolist() for space in self.spaces]
        for i, clip in enumerate(clips):
            common = {
                "clip_id": clip.id,
                "sequence": sequence,
                "state": int(states[i]),
                "document": packed(clip.SerializeToString(deterministic=True)),
                "mood_labels": list(mood_labels[i]),
                "youtube_id": clip.youtube_id,
                "labels": self._numbers(clip.labels),
                "mood": moods[i],
                "scores": scores[i],
                "attributes": held_attributes(clip.metadata),
                "listenable": clip.listenable,
                "available": clip.available,
            }
            yield [
                {"key": key_of(number, clip.id), "space": number, "vector": rows[i], **common}
                for number, rows in enumerate(placed)
            ]

    def of_deleted(self, clip_id: str, sequence: int) -> list[Row]:
        """The rows of a clip that was deleted."""
        return [
            self._without_clip(key_of(number, clip_id), DELETED, clip_id, sequence, b"")
            for number in range(len(self.spaces))
        ]

    def of_setting(self, name: str, sequence: int, value: str = "") -> Row:
        """A row that is no clip's: a fact about the index."""
        return self._without_clip(key_of(SETTING, name), SETTING, name, sequence, value.encode())

    def _without_clip(self, key: str, space: int, name: str, sequence: int, document: bytes) -> Row:
        return {
            "key": key,
            "space": space,
            "clip_id": name,
            "vector": [0.0] * self._dimension,
            "sequence": sequence,
            "state": int(RowState.DELETED),
            "document": packed(document),
            "mood_labels": [],
            "youtube_id": "",
            "labels": [],
            "mood": 0,
            "scores": [0.0] * SCORES,
            "attributes": {},
            "listenable": False,
            "available": False,
        }

    def _numbers(self, labels: Sequence[str]) -> list[int]:
        return [number for label in labels if (number := self.labels.number(label)) is not None]

    def _filled_up(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.pad(vectors, ((0, 0), (0, self._dimension - vectors.shape[1])))

    @property
    def _dimension(self) -> int:
        return max(space.dimension for space in self.spaces)


def key_of(space: int, name: str) -> str:
    """The primary key of a row: of one space they ascend as clip ids do."""
    return f"{space}:{name}"


SEQUENCE_KEY, DESCRIPTION_KEY = key_of(SETTING, SEQUENCE), key_of(SETTING, DESCRIPTION)
