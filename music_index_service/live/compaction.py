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
from ambiance.placement.squared_l2 import append_price, constant_of, prices_of
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.attribute_file import write_attributes
from music_index_service.live.compacted import CONSTANT, KIND, PRICE, SEQUENCE
from music_index_service.live.model import IndexModel, Pricing
from music_index_service.live.own_catalog import Written, columns_of, joined
from music_index_service.loading import load_release
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.reading import read_since
from music_index_service.store.store import Kept, State

_AT_ONCE = 20_000  # clips that are read at once: bounds memory
_SEED = 7  # of the draws by which prices are learned: the same clips get the same prices


def compact(store: Path, root: Path, model: IndexModel, released: IndexSnapshot | None) -> artifacts.Artifact:
    """Publish all that a store holds as the next segment below a folder.

    Args:
        store: the SQLite file; its owner may go on writing.
        root: where segments are published.
        model: what the clips are searched like.
        released: the index that they lie over, whose clips stand beside them; None if they stand alone.

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
        return artifacts.publish(root, _description(model, 0, sequence, model.pricing), lambda _: None)
    columns = joined(parts)
    parts.clear()
    catalog, heard = columns.catalog, columns.heard
    worth = np.array(catalog.column("listenable").to_pylist(), np.bool_)
    vectors, pricing = _placed(heard, worth, model, released)

    def write_files(folder: Path) -> None:
        write_catalog(catalog, folder)
        write_attributes(columns.attributes, folder)
        write_postings(catalog, folder)
        write_vectors(vectors, folder, MOOD_SPACE, model.placement.queries)
        write_vectors(heard.vad, folder, VAD_SPACE, heard.vad[:_AT_ONCE])

    return artifacts.publish(root, _description(model, len(catalog), sequence, pricing), write_files)


def _written(changes: Sequence[Kept]) -> Iterator[Written]:
    for kept in changes:
        if kept.state is State.WRITTEN:
            yield Written(StoredClip.FromString(kept.document), kept.sequence)


def _placed(
    heard: EncodedClips, worth: NDArray[np.bool_], model: IndexModel, released: IndexSnapshot | None
) -> tuple[NDArray[np.float32], Pricing]:
    """<float32>[n, dimension] of clips, each at the price that it learns, and what further ones cost."""
    vectors = unpriced(heard)
    if not worth.any():
        prices = np.full(len(heard), model.pricing.price, np.float32)
        return append_price(vectors, prices, model.pricing.constant), model.pricing
    beside = _beside(released, model.pricing.constant) if released is not None else None
    prices = learned_prices(vectors, model.placement.queries, worth, _SEED, beside)
    constant = model.pricing.constant
    if released is None:  # nothing stands beside them that distances must compare with
        constant = max(constant, constant_of(vectors, prices))
    return append_price(vectors, prices, constant), Pricing(float(prices[worth].mean()), constant)


def _beside(released: IndexSnapshot, constant: float) -> PricedClips:
    """The released clips that answer by default."""
    segment = released.segments[0]
    placed = segment.engines[MOOD_SPACE].vectors(segment.filters.listenable.rows.rows)
    return PricedClips(placed[:, :-1], prices_of(placed, constant))


def _description(model: IndexModel, clips: int, sequence: int, pricing: Pricing) -> artifacts.Description:
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
        quality={PRICE: pricing.price, CONSTANT: pricing.constant},
    )


def _end_with_input() -> None:
    """End once whoever started this is gone: another may compact by then."""
    sys.stdin.buffer.read()
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
    compact(flags.store, flags.segments, model, release.index if flags.over_release else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
