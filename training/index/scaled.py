"""`python -m training.index.scaled`: a music index of any size, for benchmarks, load tests and tests.

Its clips are made up. Each is a random mixture of a released clip and a few of its nearest neighbours in
mood, timbre and VAD, so that it lies where real clips lie, as often, and could have been placed there:
its posterior sums to 1, its timbre keeps its length, its price is the mixture's. It bears the labels, the
seconds and the annotators' moods of the clip it comes from, is worth hearing if that is, and has an id in the
shape of YouTube's.

What it isn't: music. Its prices aren't learned for a library of its size, and mixtures reach no further out
than the clips they are made of. Figures of speed and memory carry over to a real library; those of quality
don't, and none are published with it but those of the search.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE, VAD_SPACE
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.extras import Extra

with Extra("training", "python -m training.index.scaled") as extra:
    import pyarrow as pa
    import pyarrow.compute as pc
    from sklearn.neighbors import NearestNeighbors
    from tqdm import tqdm

    from ambiance import artifacts
    from ambiance.index_format.catalog import CATALOG_FILE, SCHEMA
    from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE
    from ambiance.index_format.listenability import LISTENABILITY_FILE
    from ambiance.index_format.match_probability import MATCH_PROBABILITY_FILE
    from ambiance.index_format.placement import PLACEMENT_FILE, REFERENCE_QUERIES_FILE
    from training.index.catalog import write_catalog
    from training.index.expected_queries import expected_queries
    from training.index.postings import write_postings
    from training.index.vectors import check_vectors, read_vectors, write_vectors
    from training.origin import describe_origin

MAX_CLIPS = 100_000_000  # their ids still fit a column of Arrow strings, whose offsets are <int32>

_NEIGHBORS = 8  # of a clip, that may be mixed into it
_PARTS = 4  # of a mixture: the clip and three neighbours
_BATCH = 250_000  # clips mixed at once: bounds memory
_CHECKED_ROWS = 100
_QUERIES = 8_000  # that the search is made ready for
_EVIDENCE = len(FACETS)  # the first components of the mood space; the last is the price
# Taken over as they are, if the release has them. Prices are mixed, so others stand beside them as before.
_CARRIED_FILES = {LABEL_HIERARCHY_FILE, LISTENABILITY_FILE, PLACEMENT_FILE, REFERENCE_QUERIES_FILE}
_HEARD = ("moods", "facets", "traits")  # columns of the catalogue that are mixed
_ALPHABET = np.frombuffer(b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", np.uint8)
_ID_LENGTH = 11


@dataclass(frozen=True)
class ReleasedClips:
    """The clips that others are mixed from: the columns of a published index, in its order."""

    vad: NDArray[np.float32]  # [n, 3]
    mood: NDArray[np.float32]  # [n, d] vectors of the mood space
    catalog: pa.Table

    @classmethod
    def load(cls, index: artifacts.Artifact) -> "ReleasedClips":
        """Read a published index.

        Raises:
            ArtifactError: if a file isn't there, or the catalogue is of another format than today's.
        """
        vad, mood = (read_vectors(index.path, space) for space in (VAD_SPACE, MOOD_SPACE))
        path = index.file(CATALOG_FILE)
        with pa.memory_map(str(path)) as file:
            catalog = pa.ipc.open_file(file).read_all()
        if not catalog.schema.equals(SCHEMA, check_metadata=True):
            raise ArtifactError(f"{path}: columns or metadata aren't those of today's catalogues")
        return cls(vad, mood, catalog)

    def __len__(self) -> int:
        return len(self.vad)

    def neighbors(self) -> NDArray[np.int64]:
        """<int64>[n, 8] the clips nearest to each in mood, timbre and VAD, every component as heavy."""
        features = np.hstack([self.mood[:, :-1], self.vad]).astype(np.float64)
        features /= features.std(axis=0)
        search = NearestNeighbors(n_neighbors=_NEIGHBORS, algorithm="brute").fit(features)
        found: NDArray[np.int64] = search.kneighbors(return_distance=False)
        return found


@dataclass(frozen=True)
class MixedClips:
    """Columns over n made-up clips."""

    parents: NDArray[np.int32]  # [n] the released clip that each comes from
    vad: NDArray[np.float32]  # [n, 3]
    mood: NDArray[np.float32]  # [n, d]
    moods: NDArray[np.float32]  # [n, 7] posterior, as the catalogue has it
    facets: NDArray[np.float32]  # [n, 12] likewise
    traits: NDArray[np.float32]  # [n, 3] likewise


def mix_clips(released: ReleasedClips, count: int, seed: int) -> MixedClips:
    """Draw `count` mixtures of the released clips."""
    draw = np.random.default_rng(seed)
    neighbors, heard = released.neighbors(), [_fixed_lists(released.catalog, name) for name in _HEARD]
    # What append_price derives the last component from. A mixture's vector without it is at most as long as
    # its parts, so the square of its last component is never negative.
    heights = np.einsum("nd,nd->n", released.mood, released.mood, dtype=np.float64)
    columns = [released.vad, *heard, released.mood[:, :-1], heights[:, None]]
    widths = np.cumsum([column.shape[1] for column in columns])[:-1]
    source = np.hstack(columns)
    mixed = MixedClips(
        draw.integers(0, len(released), count, np.int32),
        *(np.empty((count, c.shape[1]), np.float32) for c in (released.vad, released.mood, *heard)),
    )
    for start in tqdm(range(0, count, _BATCH), desc="mixing", unit="batch", disable=None):
        at = slice(start, start + _BATCH)
        parts = _parts(draw, mixed.parents[at], neighbors)
        shares = draw.dirichlet(np.ones(_PARTS), len(parts))
        mixture = sum(shares[:, [j]] * source[parts[:, j]] for j in range(_PARTS))
        mixed.vad[at], *others, vectors, height = np.split(mixture, widths, axis=1)
        for name, rows in zip(_HEARD, others, strict=True):
            getattr(mixed, name)[at] = rows
        mixed.mood[at] = _placed(vectors, height[:, 0], released.mood[parts[:, 0]])
    return mixed


def _parts(
    draw: np.random.Generator, parents: NDArray[np.int32], neighbors: NDArray[np.int64]
) -> NDArray[np.int64]:
    """<int64>[n, 4] each parent and different neighbours of it."""
    chosen = draw.random((len(parents), _NEIGHBORS)).argsort(axis=1)[:, : _PARTS - 1]
    return np.column_stack([parents, np.take_along_axis(neighbors[parents], chosen, axis=1)])


def _placed(
    vectors: NDArray[np.float64], heights: NDArray[np.float64], parents: NDArray[np.float32]
) -> NDArray[np.float64]:
    """<float64>[n, d] vectors of the mood space; the timbre is as long as the parents'."""
    timbre, theirs = vectors[:, _EVIDENCE:], parents[:, _EVIDENCE:-1]
    lengths = np.linalg.norm(timbre, axis=1, keepdims=True)
    timbre *= np.linalg.norm(theirs, axis=1, keepdims=True) / np.maximum(lengths, 1e-9)
    squares = np.maximum(heights - np.einsum("nd,nd->n", vectors, vectors), 0)
    return np.column_stack([vectors, np.sqrt(squares)])


def scaled_catalog(released: pa.Table, mixed: MixedClips, seed: int) -> pa.RecordBatch:
    """The catalogue of made-up clips, in the format of the release."""
    count, parents = len(mixed.parents), pa.array(mixed.parents)
    youtube_ids = made_up_ids(count, seed)
    inherited = {name: released[name].combine_chunks().take(parents) for name in released.column_names}
    suffixes = pa.array([f"@{second:g}" for second in released["start_seconds"].to_pylist()])
    columns = inherited | {
        "clip_id": pc.binary_join_element_wise(youtube_ids, suffixes.take(parents), ""),
        "youtube_id": youtube_ids,
    }
    for name in ("vad", *_HEARD):
        values = getattr(mixed, name)
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


def made_up_ids(count: int, seed: int) -> pa.StringArray:
    """`count` distinct ids of 11 characters in ascending order, spread evenly over those there are."""
    draw = np.random.default_rng([seed, 1])
    # Ten characters tell the clips apart, each in its own part of their range; the last is at random.
    step = 64 ** (_ID_LENGTH - 1) // count
    numbers = np.arange(count, dtype=np.int64) * step + draw.integers(0, step, count)
    characters = np.empty((count, _ID_LENGTH), np.uint8)
    for position in range(_ID_LENGTH - 1):
        characters[:, position] = _ALPHABET[(numbers >> (6 * (_ID_LENGTH - 2 - position))) & 63]
    characters[:, -1] = _ALPHABET[draw.integers(0, len(_ALPHABET), count, np.uint8)]
    offsets = np.arange(0, _ID_LENGTH * count + 1, _ID_LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(characters))


def publish_scaled(count: int, seed: int, source: Path, into: Path) -> artifacts.Artifact:
    """Publish a music index of `count` made-up clips into a folder, from the largest versions in `source`.

    Raises:
        ArtifactError: if the source is missing or damaged, or what was written doesn't read back.
        ValueError: if the count is out of range.
    """
    if not 1 <= count <= MAX_CLIPS:
        raise ValueError(f"clips: 1 to {MAX_CLIPS:,}, got {count:,}")
    index = artifacts.load(source, artifacts.MUSIC_INDEX)
    released = ReleasedClips.load(index)
    mixed = mix_clips(released, count, seed)
    checked = np.random.default_rng(seed).permutation(count)[:_CHECKED_ROWS]
    queries = expected_queries(artifacts.load(source, artifacts.TEXT_ENCODER), _QUERIES, seed)

    def write_files(folder: Path) -> None:
        catalog = scaled_catalog(released.catalog, mixed, seed)
        write_catalog(catalog, folder)
        shutil.copyfile(index.file(MATCH_PROBABILITY_FILE), folder / MATCH_PROBABILITY_FILE)
        held = {entry.path for entry in index.manifest.files}
        for name in _CARRIED_FILES & held:
            shutil.copyfile(index.file(name), folder / name)
        if LABEL_HIERARCHY_FILE in held:  # else it has no filters
            write_postings(catalog, folder)
        for name, vectors in ((VAD_SPACE, mixed.vad), (MOOD_SPACE, mixed.mood)):
            check_vectors(vectors, write_vectors(vectors, folder, name, queries[name]), checked)

    return artifacts.publish(into, _describe(index, count, seed), write_files)


def _describe(index: artifacts.Artifact, count: int, seed: int) -> artifacts.Description:
    recipe = f"python -m training.index.scaled --clips {count}"
    origin = describe_origin(recipe, seed, {}, {artifacts.MUSIC_INDEX: index.manifest.version})
    return artifacts.Description(
        kind=artifacts.MUSIC_INDEX,
        spaces=index.manifest.spaces,
        counts={"clips": count},
        origin=origin.model_copy(update={"notices": index.manifest.origin.notices}),
        quality={},
        notes={"clips": "Made up: mixtures of released clips, to measure speed and memory with."},
    )


def _fixed_lists(table: pa.Table, name: str) -> NDArray[np.float32]:
    """<float32>[n, k] of a column of fixed-size lists."""
    return table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1)


@extra
def main() -> None:
    """Read the flags, draw the clips, say what was published."""
    parser = argparse.ArgumentParser(
        prog="python -m training.index.scaled", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--clips", type=int, default=2_084_320, help="clips; AudioSet has 2,084,320")
    parser.add_argument("--seed", type=int, default=1, help="of every random number")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="where the release lies")
    parser.add_argument("--into", type=Path, default=Path("runs/scaled"), help="folder to publish into")
    flags = parser.parse_args()
    try:
        artifact = publish_scaled(flags.clips, flags.seed, flags.artifacts, flags.into)
    except (AmbianceError, ValueError) as error:
        sys.exit(str(error))
    print(f"{artifact.path}: {artifact.manifest.counts}")


if __name__ == "__main__":
    main()
