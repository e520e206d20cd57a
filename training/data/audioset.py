"""AudioSet (Gemmeke et al., 2017) as VGGish features: clips by the column, for training and for the index."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.data.clip_record import FEATURES, FRAMES, Clip, parse_clip
from training.data.errors import DataError
from training.data.shards import Shard, iterate_records, iterate_shards
from training.data.tfrecord import read_records

__all__ = [
    "FEATURES",
    "FRAMES",
    "Clip",
    "Clips",
    "clip_id",
    "clips_of_shard",
    "dequantize",
    "gather",
    "has_split",
    "iterate_clips",
    "iterate_split_shards",
    "load_clips",
]

CLIP_COUNTS = {"bal_train": 22_160, "eval": 20_371, "unbal_train": 2_041_789}  # as published
SPLITS = tuple(CLIP_COUNTS)

FOLDER = "audioset"

_PADDING = bytes([128])  # the byte nearest to 0.0 after dequantising


@dataclass(frozen=True)
class Clips:
    """Columns over n clips, in the order in which the archive holds them."""

    youtube_ids: tuple[str, ...]
    start_seconds: NDArray[np.float32]  # [n]
    end_seconds: NDArray[np.float32]  # [n]
    labels: tuple[tuple[int, ...], ...]  # class indices 0 to 526, at least one a clip
    frames: NDArray[np.uint8]  # [n, FRAMES, FEATURES], _PADDING beyond a clip's frame count
    frame_counts: NDArray[np.int32]  # [n], 1 to FRAMES

    def __len__(self) -> int:
        return len(self.youtube_ids)

    @cached_property
    def clip_ids(self) -> tuple[str, ...]:
        """Id of each clip. AudioSet holds several segments of some videos; none twice."""
        return tuple(map(clip_id, self.youtube_ids, self.start_seconds.tolist()))

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> "Clips":
        """Copy the clips at these positions, in this order."""
        at = np.asarray(indices, np.intp)
        return Clips(
            tuple(self.youtube_ids[i] for i in at),
            self.start_seconds[at],
            self.end_seconds[at],
            tuple(self.labels[i] for i in at),
            self.frames[at],
            self.frame_counts[at],
        )


def clip_id(youtube_id: str, start_second: float) -> str:
    """`<youtube id>@<start second>`; the few clips that start inside a second keep the fraction, to 1 ms."""
    start = f"{start_second + 0.0:.3f}"  # adding 0 makes a 0 of -0
    return f"{youtube_id}@{start.rstrip('0').rstrip('.')}"


def dequantize(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn stored bytes of any shape into <float32> features in [-2, 2].

    The bytes are unsigned: 255 even steps over the range that the publisher clips features to.
    """
    return frames * np.float32(4 / 255) - np.float32(2)


def iterate_clips(data_dir: Path, split: str) -> Iterator[Clip]:
    """Stream a split, a clip in memory at a time, so that `unbal_train`'s two million pass through.

    Raises:
        DataError: if the split is missing or anything in it is damaged; names the file and the record.
    """
    _check_splits((split,))
    empty = True
    for where, record in iterate_records(data_dir / FOLDER, split):
        yield parse_clip(record, where)
        empty = False
    if empty:
        raise _absent(data_dir, split)


def iterate_split_shards(data_dir: Path, splits: Sequence[str]) -> Iterator[Shard]:
    """Stream splits as shards, for `clips_of_shard`; of the archive in its order, one in memory at a time.

    Raises:
        DataError: if a split is named twice, is missing, or can't be read to its end; names the file.
    """
    _check_splits(splits)
    found = set()
    for shard in iterate_shards(data_dir / FOLDER, splits):
        found.add(shard.split)
        yield shard
    for split in splits:
        if split not in found:
            raise _absent(data_dir, split)


def clips_of_shard(shard: Shard) -> Iterator[Clip]:
    """Read a shard's clips.

    Raises:
        DataError: if one is damaged; names the file and the record.
    """
    for number, record in enumerate(read_records(io.BytesIO(shard.content), shard.name)):
        yield parse_clip(record, f"{shard.name}: record {number}")


def has_split(data_dir: Path, split: str) -> bool:
    """Whether a split is there: a mirror may leave `unbal_train`, 2.3 GB, out. Reads up to its first clip."""
    return next(iterate_records(data_dir / FOLDER, split), None) is not None


def load_clips(data_dir: Path, split: str, keep: Callable[[tuple[int, ...]], bool] | None = None) -> Clips:
    """Gather a split into memory, about 1.5 KB a clip; `keep` picks clips by their class indices.

    Raises:
        DataError: as `iterate_clips` does, and if no clip is kept.
    """
    clips = tqdm(iterate_clips(data_dir, split), f"reading {split}", unit=" clips", disable=None)
    kept = gather(clip for clip in clips if keep is None or keep(clip.labels))
    if not len(kept):
        raise DataError(f"{data_dir / FOLDER}: no clip of {split} is of the kind asked for")
    return kept


def gather(clips: Iterable[Clip]) -> Clips:
    """Lay clips out by the column, in their order."""
    rows, frames = [], bytearray()
    for clip in clips:
        frames += clip.frames.ljust(FRAMES * FEATURES, _PADDING)
        rows.append((*clip[:4], len(clip.frames) // FEATURES))
    youtube_ids, starts, ends, labels, frame_counts = zip(*rows, strict=True) if rows else ((),) * 5
    return Clips(
        youtube_ids,
        np.array(starts, np.float32),
        np.array(ends, np.float32),
        labels,
        np.frombuffer(frames, np.uint8).reshape(-1, FRAMES, FEATURES),
        np.array(frame_counts, np.int32),
    )


def _check_splits(splits: Sequence[str]) -> None:
    for split in splits:
        if split not in SPLITS:
            raise DataError(f"split: one of {', '.join(SPLITS)}, got {split!r}")
    if not splits or len(set(splits)) < len(splits):
        raise DataError(f"splits: at least one, each once, got {', '.join(splits) or 'none'}")


def _absent(data_dir: Path, split: str) -> DataError:
    return DataError(f"{data_dir / FOLDER}: holds no clip of {split}")
