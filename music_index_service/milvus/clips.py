"""A clip as a search of Milvus finds it."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.placement import EncodedClips
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.milvus.schema import RowState, pieces

# What a clip is read from.
FIELDS = ("key", "space", "clip_id", "vector", "state", "sequence", "document", "mood_labels")


class MilvusClip:
    """A clip by one of its rows, or several. Its document is read when it is first asked for."""

    __slots__ = ("__dict__", "__weakref__", "_row")

    def __init__(self, row: Mapping[str, Any], handle: int = -1) -> None:
        """Take a row with FIELDS, and the number that `Handles` knows it by, if it does."""
        self._row, self.handle = row, handle
        self._vectors: dict[int, Sequence[float]] = {}
        self._message: bytes | None = None
        self.place(row)

    def place(self, row: Mapping[str, Any]) -> None:
        """Take its place in a space from a row of the same write."""
        self._vectors[int(row["space"])] = row["vector"]

    @property
    def id(self) -> str:
        """Id of the clip."""
        return str(self._row["clip_id"])

    def vector(self, space: int) -> Sequence[float] | None:
        """Its vector in a space by number, with what fills it up; None if no row of that space was seen."""
        return self._vectors.get(space)

    @property
    def state(self) -> RowState:
        """How it came to be as it is."""
        return RowState(self._row["state"])

    @property
    def sequence(self) -> int:
        """Number of the write that it is of."""
        return int(self._row["sequence"])

    @property
    def mood_labels(self) -> list[int]:
        """Moods that annotators gave a released clip, by number."""
        return list(self._row["mood_labels"])

    @cached_property
    def document(self) -> bytes:
        """The serialised StoredClip."""
        return unpacked(self._row["document"])

    @cached_property
    def stored(self) -> StoredClip:
        """The document, read."""
        return StoredClip.FromString(self.document)

    @cached_property
    def clip(self) -> Clip:
        """As the catalogue of a released index has it."""
        return _clip(self.stored, self.mood_labels)

    def message(self, make: Callable[[Clip], bytes]) -> bytes:
        """What `make`, always the same, makes of the clip; kept."""
        if self._message is None:
            self._message = make(self.clip)
        return self._message


def packed(document: bytes) -> list[str]:
    """A document as a row holds it."""
    return pieces(b64encode(document).decode())


def unpacked(held: Sequence[str]) -> bytes:
    """The document that a row holds."""
    return b64decode("".join(held))


def heard_of(clips: Sequence[StoredClip]) -> EncodedClips:
    """What is heard in clips, any number of them."""
    return EncodedClips.unpacked([clip.heard for clip in clips])


def _clip(stored: StoredClip, mood_labels: Sequence[int]) -> Clip:
    heard = heard_of([stored])
    columns = (heard.moods, heard.facets, heard.traits, heard.vad)
    moods, facets, traits, vad = (column[0].tolist() for column in columns)
    return Clip(
        stored.id,
        stored.youtube_id,
        stored.start_seconds,
        stored.end_seconds,
        tuple(stored.labels),
        tuple(MOODS.names[number] for number in mood_labels),
        tuple(moods),
        tuple(vad),
        tuple(sorted(zip(FACETS, facets, strict=True), key=lambda facet: -facet[1])),
        tuple(zip(TRAITS, traits, strict=True)),
        stored.listenable,
        stored.metadata.SerializeToString(deterministic=True),
    )
