"""The mood space: texts as queries inside the text encoder's graph, clips as `ambiance.placement` has them.

A text asks for facets of music, as the scenes that it may be of want them (`judgement.py`); a clip offers
the evidence for each.

The space is saved beside the text network whose posterior it reads; its lineage keeps another network's
queries from searching it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.errors import ArtifactError
from ambiance.fixed_queries import FALLBACK_FILE, GENTLE_FILE
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import (
    DIMENSION,
    FIT_COMPONENTS,
    SPREAD_STRENGTH,
    PlacedLibrary,
    place_library,
)
from training.data.errors import DataError
from training.music.whitening import fit_projection
from training.space.judgement import GENTLE, MUSIC_OF_SCENE, fit_row, fit_table
from training.space.on_all_cores import on_all_cores

SPACE_FILE = "space.json"
_FORMAT_VERSION = 2

Parameters = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class MoodSpace:
    """The space's parameters, bound to one text network."""

    parameters: Parameters
    identity: str  # of the text network

    @property
    def lineage(self) -> str:
        """Digest of text network and every parameter; vectors compare only within one."""
        digest = hashlib.sha256(f"facets\n{self.identity}\n".encode())
        for name, array in sorted(self.parameters.items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return f"mood-{digest.hexdigest()[:12]}"

    def query(self, scenes: tf.Tensor, embedding: tf.Tensor) -> tf.Tensor:
        """<float32>[n, DIMENSION] of texts, in TensorFlow operations on constants, which LiteRT has too.

        Args:
            scenes: <float32>[n, 21] posterior.
            embedding: <float32>[n, e].
        """
        wanted = scenes @ tf.constant(self.parameters["fit"])
        centred = embedding - tf.constant(self.parameters["spread_mean"])
        direction = tf.math.l2_normalize(centred @ tf.constant(self.parameters["spread_axes"]), axis=1)
        spread = np.float32(np.sqrt(SPREAD_STRENGTH)) * direction
        return tf.concat([wanted, spread, tf.zeros_like(spread[:, :1])], axis=1)

    def fixed_queries(self) -> dict[str, NDArray[np.float32]]:
        """File name -> <float32>[DIMENSION], of texts that aren't answered by what was read in them."""
        rows = {FALLBACK_FILE: MUSIC_OF_SCENE["none"], GENTLE_FILE: GENTLE}
        padding = np.zeros(DIMENSION - FIT_COMPONENTS, np.float32)
        return {name: np.concatenate([fit_row(music), padding]) for name, music in rows.items()}

    def place(
        self,
        clips: EncodedClips,
        queries: NDArray[np.float32],
        seed: int,
        heard: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """<float32>[n, DIMENSION] as `place_library` places them; by default all of the clips answer."""
        everything = np.ones(len(clips), np.bool_)
        return self.place_library(clips, queries, seed, everything if heard is None else heard).vectors

    def place_library(
        self, clips: EncodedClips, queries: NDArray[np.float32], seed: int, heard: NDArray[np.bool_]
    ) -> PlacedLibrary:
        """Place a library's clips; prices hold for that library alone.

        Args:
            clips: n clips, n from 1, as the music encoder hears them.
            queries: <float32>[m, DIMENSION] of reference texts, m from 1.
            seed: of every random number.
            heard: <bool>[n] clips that answer by default, whose prices are learned.

        Raises:
            DataError: if no clip answers by default, or the queries aren't of this space.
        """
        if not heard.any():
            raise DataError(f"clips: at least one that answers by default, got 0 of {len(clips)}")
        if queries.ndim != 2 or queries.shape[1] != DIMENSION or not len(queries):
            raise DataError(f"queries: [m, {DIMENSION}] with m from 1, got {queries.shape}")
        return place_library(clips, queries, heard, seed, on_all_cores)

    def save(self, folder: Path) -> None:
        """Write `space.json`, an array a parameter and the fixed queries into a folder, which is made."""
        folder.mkdir(parents=True)
        record = {
            "format_version": _FORMAT_VERSION,
            "identity": self.identity,
            "parameters": sorted(self.parameters),
            "lineage": self.lineage,
        }
        (folder / SPACE_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        for name, array in self.parameters.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        for name, array in self.fixed_queries().items():
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "MoodSpace":
        """Read what `save` wrote.

        Raises:
            ArtifactError: naming the file, if one is missing or damaged, or if the lineage isn't theirs.
        """
        path = folder / SPACE_FILE
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["format_version"] != _FORMAT_VERSION:
                said = f"got version {record['format_version']}"
                raise ArtifactError(f"{path}: version {_FORMAT_VERSION}, {said}")
            names = [str(name) for name in record["parameters"]]
            arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}
            space = cls(arrays, record["identity"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path}: not a mood space ({error!r})") from error
        if space.lineage != record.get("lineage"):
            said = record.get("lineage")
            raise ArtifactError(f"{path}: says lineage {said}, its parameters are of {space.lineage}")
        return space


def fit_space(embedding: NDArray[np.float32], identity: str) -> MoodSpace:
    """Make the mood space for a text network that is trained and calibrated.

    Args:
        embedding: <float32>[n, e] of texts like those to come; the spread follows how they vary.
        identity: of the text network, a digest of its weights say; part of the lineage.

    Raises:
        DataError: if the texts are too few.
    """
    spread = fit_projection(embedding, "text embeddings")
    return MoodSpace({"fit": fit_table(), "spread_mean": spread.mean, "spread_axes": spread.axes}, identity)
