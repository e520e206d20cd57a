"""A data set of AudioSet's size, made of the real `bal_train`, for the training side's benchmark.

Each clip is a new one: another id, and the frames of two real clips of its kind (music or not), spliced.
"""

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.data.audioset import FOLDER
from training.data.clip_record import FRAMES, parse_clip
from training.data.ontology import CLASSES_FILE, ONTOLOGY_FILE, load_ontology
from training.data.shards import ARCHIVE, UNPACKED, iterate_records
from training.data.tfrecord import masked_crc

SPLIT = "unbal_train"
SHARD_CLIPS = 500  # as AudioSet's largest split has them

_BEFORE_ID = b"\n\x08video_id\x12\x0f\n\r\n\x0b"
_ID_BYTES = 11
_FRAME_BYTES = 137  # as a record holds them
_SCATTER = 0x9E3779B97F4A7C15  # odd, so that multiples are a permutation of the integers below 2^64

Spliceable = tuple[bytes, bytes, bytes]  # what stands before the id, between it and the frames, the frames


def write_data_set(real: Path, folder: Path, clips: int, music_share: float, seed: int = 1) -> None:
    """Write so many clips as the split `unbal_train`, beside links to everything else that a job reads.

    Args:
        real: the data sets.
        folder: where to; about 1.5 KB a clip.
        clips: from 1.
        music_share: of the clips, that are pieces of music.
        seed: of every draw.
    """
    audioset = folder / FOLDER
    shards = audioset / UNPACKED / SPLIT
    shards.mkdir(parents=True)
    (folder / "goemotions").symlink_to(real / "goemotions")
    for name in (ARCHIVE, CLASSES_FILE, ONTOLOGY_FILE):
        (audioset / name).symlink_to(real / FOLDER / name)
    records = _new_records(*_kinds(real), clips, music_share, seed)
    for first in range(0, clips, SHARD_CLIPS):
        shard = b"".join(_framed(next(records)) for _ in range(min(SHARD_CLIPS, clips - first)))
        (shards / f"{first // SHARD_CLIPS:05}.tfrecord").write_bytes(shard)


def _kinds(real: Path) -> tuple[list[Spliceable], list[Spliceable]]:
    """Full clips of `bal_train` that are pieces of music, and those that aren't."""
    pieces = load_ontology(real).musical_piece_classes()
    music, other = [], []
    for where, record in iterate_records(real / FOLDER, "bal_train"):
        frames_at = len(record) - FRAMES * _FRAME_BYTES
        clip = parse_clip(record, where)
        if len(clip.frames) == FRAMES * 128:
            head, rest = record[:frames_at].split(_BEFORE_ID)
            kind = other if pieces.isdisjoint(clip.labels) else music
            kind.append((head + _BEFORE_ID, rest[_ID_BYTES:], record[frames_at:]))
    return music, other


def _new_records(
    music: list[Spliceable], other: list[Spliceable], clips: int, music_share: float, seed: int
) -> Iterator[bytes]:
    draw = np.random.default_rng(seed)
    is_music = draw.random(clips) < music_share
    firsts, seconds = draw.random((2, clips))
    cuts = draw.integers(1, FRAMES, clips) * _FRAME_BYTES
    for number in range(clips):
        kind = music if is_music[number] else other
        head, middle, frames = kind[int(firsts[number] * len(kind))]
        more = kind[int(seconds[number] * len(kind))][2]
        cut = int(cuts[number])
        scattered = struct.pack("<Q", number * _SCATTER % (1 << 64))
        yield head + base64.urlsafe_b64encode(scattered)[:_ID_BYTES] + middle + frames[:cut] + more[cut:]


def _framed(record: bytes) -> bytes:
    length = struct.pack("<Q", len(record))
    crcs = (struct.pack("<I", masked_crc(part)) for part in (length, record))
    return b"%b%b%b%b" % (length, next(crcs), record, next(crcs))
