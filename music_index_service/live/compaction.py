"""Compaction: all that was written, as one segment on disk, each clip at the price that it learns among them.

It runs in a process of its own, so that it takes neither locks nor memory of the one that serves.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.index_writing.catalog import write_catalog
from ambiance.index_writing.postings import write_postings
from ambiance.index_writing.vectors import write_vectors
from ambiance.placement.encoded_clips import EncodedClips
from ambiance.placement.mood_space import learned_prices, unpriced
from ambiance.placement.prices import PricedClips
from ambiance.placement.squared_l2 import append_price
from ambiance.placement.standing import Standing
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.filtering.attribute_file import write_attributes
from music_index_service.live.compacted import KIND, SEQUENCE, WORTH_FILE
from music_index_service.live.model import IndexModel
from music_index_service.live.own_catalog import Written, columns_of, joined
from music_index_service.loading import load_release
from music_index_service.store.reading import read_since
from music_index_service.store.store import Kept, State

_AT_ONCE = 20_000  # clips that are read at once: bounds memory
_SEED = 7  # of the draws by which prices are learned: the same clips get the same prices


def compact(store: Path, root: Path, model: IndexModel, *, over_release: bool) -> artifacts.Artifact:
    """Publish all that a store holds as the next segment below a folder.

    Args:
        store: the SQLite file; its owner may go on writing.
        root: where segments are published.
        model: what the clips are searched like.
        over_release: whether they lie over the released clips; else they stand alone.

    Raises:
        StorageError: if the store can't be read. ArtifactError: if a file can't be written.
    """
    changes = read_since(store, 0)
    parts, sequence = [], 0
    while some := list(islice(changes, _AT_ONCE)):
        sequence = max(sequence, some[-1].sequence)
        if written := list(_written(some)):
            parts.append(columns_of(written, model))
    if not parts:
        return artifacts.publish(root, _description(model, 0, sequence), lambda _: None)
    columns = joined(parts)
    parts.clear()
    catalog, heard = columns.catalog, columns.heard
    worth_hearing = np.array(catalog.column("listenable").to_pylist(), np.bool_)
    vectors, standing = _placed(heard, worth_hearing, model, over_release=over_release)

    def write_files(folder: Path) -> None:
        write_catalog(catalog, folder)
        write_attributes(columns.attributes, folder)
        write_postings(catalog, folder)
        write_vectors(vectors, folder, MOOD_SPACE, model.placement.queries)
        write_vectors(heard.vad, folder, VAD_SPACE, heard.vad[:_AT_ONCE])
        np.save(folder / WORTH_FILE, standing.worth)

    return artifacts.publish(root, _description(model, len(catalog), sequence), write_files)


def _written(changes: Sequence[Kept]) -> Iterator[Written]:
    for kept in changes:
        if kept.state is State.WRITTEN:
            yield Written(StoredClip.FromString(kept.document), kept.sequence)


def _placed(
    heard: EncodedClips, worth_hearing: NDArray[np.bool_], model: IndexModel, *, over_release: bool
) -> tuple[NDArray[np.float32], Standing]:
    """<float32>[n, dimension] of clips at the prices that they learn, and how good the best of them are.

    Beside a release, clips cost what they beat of it: that takes a hundredth of the time, and answers vary as
    much. Clips by themselves learn their prices among themselves.
    """
    pricing, vectors = model.pricing(over_release=over_release), unpriced(heard)
    if over_release or not worth_hearing.any():
        prices = pricing.standing.prices(vectors)
    else:
        prices = learned_prices(vectors, model.placement.queries, worth_hearing, _SEED)
    best = PricedClips(vectors[worth_hearing], prices[worth_hearing])
    return append_price(vectors, prices, pricing.constant), Standing.of(model.placement.queries, best)


def _description(model: IndexModel, clips: int, sequence: int) -> artifacts.Description:
    return artifacts.Description(
        kind=KIND,
        spaces=list(model.spaces.values()) if clips else [],
        counts={"clips": clips, SEQUENCE: sequence},
        origin=artifacts.Origin(
            recipe="compaction",
            seed=_SEED,
            code_revision=version("ambiance-music"),
            datasets={},
            libraries={"numpy": version("numpy")},
            sources={artifacts.MUSIC_INDEX: model.released.version},
        ),
        quality={},
    )


def _end_with_input() -> None:
    """End once whoever started this is gone: another may compact by then."""
    # not sys.stdin, whose lock a thread that reads holds: the interpreter aborts if it ends then
    while os.read(0, 4096):
        pass
    os._exit(1)


def main(argv: Sequence[str] | None = None) -> int:
    """Compact what the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m music_index_service.live.compaction", description=__doc__
    )
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--segments", type=Path, required=True, help="folder to publish below")
    parser.add_argument("--artifacts", type=Path, required=True, help="folder of the released index")
    parser.add_argument("--model-version", type=int, required=True, help="version of the released index")
    parser.add_argument("--over-release", action="store_true", help="the clips lie over the released ones")
    flags = parser.parse_args(argv)
    Thread(target=_end_with_input, daemon=True).start()
    os.nice(10)
    release = load_release("model", flags.artifacts, flags.model_version)
    model = IndexModel.of(release.index, release.placement)
    compact(flags.store, flags.segments, model, over_release=flags.over_release)
    return 0


if __name__ == "__main__":
    sys.exit(main())
