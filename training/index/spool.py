"""Spool files: what a music encoder heard in a few shards of AudioSet, kept until the index is made of it.

A file is named after everything that it follows from and takes its name once it is whole, so that a job that
is run again reads no finished part twice, and none that another encoder heard. It holds an Arrow file, and
then the SHA-256 of that.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.placement import EncodedClips
from training.data.audioset import Clip, clips_of_shard, gather
from training.data.errors import DataError
from training.data.ontology import moods_of
from training.data.shards import Shard
from training.music.encode import check_encoding

PART_BYTES = 8 * 1024 * 1024  # of shards, about 5,500 clips: bounds a process's memory
_FORMAT = "ambiance.music_spool 3"  # raise it when a change of code changes what is written
_CLIPS_READ = "clips_read"
_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Part:
    """Consecutive shards that are read at once."""

    shards: tuple[Shard, ...]


@dataclass(frozen=True)
class Hearing:
    """How a part's music is encoded."""

    encoder: Artifact  # a `music_encoder`
    encode: Callable[[Artifact, NDArray[np.uint8], NDArray[np.int32]], EncodedClips]
    music: frozenset[int]  # classes of which a clip must bear one

    def file_name(self, part: Part) -> str:
        """Digest of the part's bytes, and of all that decides what is heard in them."""
        digest = hashlib.sha256(f"{_FORMAT}\n{self.encoder.manifest.model_dump_json()}\n".encode())
        digest.update(f"{sorted(self.music)}\n".encode())
        for shard in part.shards:
            digest.update(shard.content)
        return f"{digest.hexdigest()}.spool"


def iterate_parts(shards: Iterable[Shard]) -> Iterator[Part]:
    """Group shards to PART_BYTES or a little more; the same shards make the same parts."""
    group, size = [], 0
    for shard in shards:
        group.append(shard)
        size += len(shard.content)
        if size >= PART_BYTES:
            yield Part(tuple(group))
            group, size = [], 0
    if group:
        yield Part(tuple(group))


def spool_part(hearing: Hearing, part: Part, file: Path) -> int:
    """Read a part, encode its music and put the file in place in one rename; the number of clips read.

    Raises:
        DataError: if a record is damaged; names it.
        ArtifactError: if the encoder writes what is out of range; names the clip.
    """
    clips_read, music = 0, []
    for shard in part.shards:
        for clip in clips_of_shard(shard):
            clips_read += 1
            if not hearing.music.isdisjoint(clip.labels):
                music.append(clip)
    draft = file.with_suffix(f".{os.getpid()}.partial")
    try:
        _write(_encode(hearing, music), clips_read, draft)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    return clips_read


def read_part(file: Path) -> pa.Table:
    """Map a spool file.

    Columns: clip_id, youtube_id <utf8>; start_seconds, end_seconds <float32>; labels <list of int16>, class
    indices, ascending, each once; mood_labels <list of int16>, indices into affect.MOODS; and the
    columns of EncodedClips.

    Raises:
        DataError: if it is damaged.
    """
    try:
        content = pa.memory_map(str(file)).read_buffer()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{file}: damaged ({error}); delete it and run again") from error
    end = max(0, content.size - _DIGEST_BYTES)
    table = content.slice(0, end)
    if hashlib.sha256(table).digest() != content.slice(end).to_pybytes():
        raise DataError(f"{file}: damaged (its content isn't what its SHA-256 says); delete it and run again")
    return pa.ipc.open_file(pa.BufferReader(table)).read_all()


def clips_in(file: Path) -> int:
    """Number of clips, of music or not, that were read for a spool file."""
    return int(read_part(file).schema.metadata[_CLIPS_READ.encode()])


def _encode(hearing: Hearing, music: list[Clip]) -> pa.RecordBatch:
    clips = gather(music)
    encoded = hearing.encode(hearing.encoder, clips.frames, clips.frame_counts)
    check_encoding(hearing.encoder, encoded, clips.clip_ids)
    labels = [sorted(set(labels)) for labels in clips.labels]
    columns = {
        "clip_id": pa.array(clips.clip_ids, pa.utf8()),
        "youtube_id": pa.array(clips.youtube_ids, pa.utf8()),
        "start_seconds": pa.array(clips.start_seconds),
        "end_seconds": pa.array(clips.end_seconds),
        "labels": pa.array(labels, pa.list_(pa.int16())),
        "mood_labels": pa.array(list(map(moods_of, labels)), pa.list_(pa.int16())),
    }
    for name, values in vars(encoded).items():
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
    return pa.RecordBatch.from_pydict(columns)


def _write(batch: pa.RecordBatch, clips_read: int, draft: Path) -> None:
    described = batch.replace_schema_metadata({_CLIPS_READ: str(clips_read)})
    table = pa.BufferOutputStream()
    with pa.ipc.new_file(table, described.schema) as writer:
        writer.write_batch(described)
    content = table.getvalue()
    with draft.open("wb") as file:
        file.write(content)
        file.write(hashlib.sha256(content).digest())
        file.flush()
        os.fsync(file.fileno())
