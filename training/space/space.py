"""A mood space: texts as queries inside the text encoder's graph, clips as vectors of the music index.

It is saved beside the text network whose posterior it reads; its lineage keeps another network's queries
from searching it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.errors import ArtifactError
from training.data.errors import DataError
from training.music.encode import EncodedClips
from training.space.inner_product import Plain, Priced
from training.space.learned import Learned
from training.space.losses import continuous_loss, triplet_loss
from training.space.methods import HeardClips, Method, Parameters, ReadTexts

METHODS: Mapping[str, Method] = {
    "priced": Priced(),
    "plain": Plain(),
    "triplet": Learned(triplet_loss),
    "continuous": Learned(continuous_loss),
}
SPACE_FILE = "space.json"

_FORMAT_VERSION = 1


@dataclass(frozen=True)
class MoodSpace:
    """A method with its parameters, bound to one text network."""

    method: str  # one of METHODS
    parameters: Parameters
    identity: str  # of the text network

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return METHODS[self.method].dimension

    @property
    def similarity_components(self) -> int:
        """The first so many components hold the affinity of text and clip."""
        return METHODS[self.method].similarity_components

    @property
    def needs_mean_frames(self) -> bool:
        """Whether clips are placed by their mean frames as well as by what the music encoder wrote."""
        return METHODS[self.method].needs_mean_frames

    @property
    def lineage(self) -> str:
        """Digest of method, text network and every parameter; vectors compare only within one."""
        digest = hashlib.sha256(f"{self.method}\n{self.identity}\n".encode())
        for name, array in sorted(self.parameters.items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"mood-{digest.hexdigest()[:12]}"

    def query(self, emotions: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """<float32>[n, dimension] of texts, in TensorFlow operations on constants, which LiteRT has too.

        Args:
            emotions: <float32>[n, 28] posterior.
            embedding: <float32>[n, e].
        """
        return METHODS[self.method].query(self.parameters, emotions, embedding)

    def place(
        self,
        clips: EncodedClips,
        mean_frames: NDArray[np.float32] | None,
        queries: NDArray[np.float32],
        seed: int,
    ) -> NDArray[np.float32]:
        """<float32>[n, dimension] of a library's clips; prices, where the method has them, hold for it alone.

        Args:
            clips: n clips as the music encoder hears them.
            mean_frames: <float32>[n, 128] their mean frames; None will do unless `needs_mean_frames`.
            queries: <float32>[m, dimension] of reference texts, m from 1.
            seed: of every random number.

        Raises:
            DataError: if the clips' columns differ in length, or the queries aren't of this space.
        """
        frame_count = len(clips) if mean_frames is None else len(mean_frames)
        if not len(clips.moods) == len(clips.timbre) == frame_count > 0:
            counts = f"{len(clips.moods)} posteriors, {len(clips.timbre)} timbres, {frame_count} frames"
            raise DataError(f"clips: one of each a clip, at least one clip, got {counts}")
        if mean_frames is None and self.needs_mean_frames:
            raise DataError(f"clips: the method {self.method} needs mean frames, got none")
        if queries.ndim != 2 or queries.shape[1] != self.dimension or not len(queries):
            raise DataError(f"queries: [m, {self.dimension}] with m from 1, got {queries.shape}")
        return METHODS[self.method].place(self.parameters, HeardClips(clips, mean_frames), queries, seed)

    def save(self, folder: Path) -> None:
        """Write `space.json` and an array a parameter into a folder, which is made."""
        folder.mkdir(parents=True)
        record = {
            "format_version": _FORMAT_VERSION,
            "method": self.method,
            "identity": self.identity,
            "parameters": sorted(self.parameters),
            "lineage": self.lineage,
        }
        (folder / SPACE_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        for name, array in self.parameters.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "MoodSpace":
        """Read what `save` wrote.

        Raises:
            ArtifactError: naming the file, if one is missing or damaged, or if the lineage isn't theirs.
        """
        path = folder / SPACE_FILE
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["format_version"] != _FORMAT_VERSION or record["method"] not in METHODS:
                said = f"version {record['format_version']} of method {record['method']!r}"
                raise ArtifactError(f"{path}: version {_FORMAT_VERSION} of {', '.join(METHODS)}, got {said}")
            names = [str(name) for name in record["parameters"]]
            arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}
            space = cls(record["method"], arrays, record["identity"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path}: not a mood space ({error!r})") from error
        if space.lineage != record.get("lineage"):
            said = record.get("lineage")
            raise ArtifactError(f"{path}: says lineage {said}, its parameters are of {space.lineage}")
        return space


def fit_space(
    method: str,
    emotions: NDArray[np.float32],
    embedding: NDArray[np.float32],
    labels: Sequence[tuple[int, ...]],
    data_dir: Path,
    seed: int,
    identity: str,
) -> MoodSpace:
    """Make a mood space for a text network that is trained and calibrated.

    Args:
        method: one of METHODS.
        emotions: <float32>[n, 28] posterior of train comments.
        embedding: <float32>[n, e] of the same.
        labels: their emotions, as indices into affect.EMOTIONS.names.
        data_dir: where AudioSet lies; the learned methods hear its mood rows.
        seed: of every random number.
        identity: of the text network, a digest of its weights say; part of the lineage.

    Raises:
        DataError: if the method isn't known, the columns differ in length, or data is missing or damaged.
    """
    if method not in METHODS:
        raise DataError(f"space: one of {', '.join(METHODS)}, got {method!r}")
    if not len(emotions) == len(embedding) == len(labels) > 0:
        counts = f"{len(emotions)} posteriors, {len(embedding)} embeddings, {len(labels)} label tuples"
        raise DataError(f"texts: one of each a text, at least one text, got {counts}")
    texts = ReadTexts(emotions, embedding, labels)
    return MoodSpace(method, METHODS[method].fit(texts, data_dir, seed), identity)
