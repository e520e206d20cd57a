"""Where AudioSet's records come from: the publisher's archive as a stream, or its unpacked folders."""

import gzip
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from training.data.errors import REMEDY, DataError
from training.data.tfrecord import read_records

ARCHIVE = "features.tar.gz"
UNPACKED = "audioset_v1_embeddings"

MAX_SHARD_BYTES = 256 * 1024 * 1024  # AudioSet's take 0.8 MB at most

_DAMAGE = (OSError, EOFError, zlib.error, tarfile.TarError)


class Shard(NamedTuple):
    """A TFRecord file of a split."""

    split: str
    name: str  # stands for it in errors
    content: bytes


class _Stream(NamedTuple):
    split: str
    name: str
    file: BinaryIO


def iterate_records(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield where each record of a split stands, and its payload; a record in memory at a time.

    The unpacked folder of the split is read where it exists, else the archive, without unpacking it to
    disk and to its very end: only then has gzip's checksum spoken for the whole of it. A split that
    isn't there yields nothing.

    Raises:
        DataError: if there is neither, or what there is is damaged; names the file and the record.
    """
    name, records = str(folder), 0
    try:
        for _, name, file in _streams(folder, (split,)):
            for number, record in enumerate(read_records(file, name)):
                records += 1
                yield f"{name}: record {number}", record
    except _DAMAGE as error:
        raise _explained(error, name, f"{records} records of {split}") from error


def iterate_shards(folder: Path, splits: Collection[str]) -> Iterator[Shard]:
    """Yield the shards of these splits, a shard in memory at a time, in one pass through the archive.

    They are looked for where `iterate_records` does; the records in them are yet to be read and checked.

    Raises:
        DataError: as `iterate_records` does; also for a shard of more than MAX_SHARD_BYTES.
    """
    name, shards = str(folder), 0
    try:
        for split, name, file in _streams(folder, splits):
            content = file.read(MAX_SHARD_BYTES + 1)
            if len(content) > MAX_SHARD_BYTES:
                raise DataError(f"{name}: a shard of more than {MAX_SHARD_BYTES:,} bytes")
            yield Shard(split, name, content)
            shards += 1
    except _DAMAGE as error:
        raise _explained(error, name, f"{shards} shards of {', '.join(splits)}") from error


def verify_archive(archive: Path) -> None:
    """Read an archive to its end.

    Raises:
        DataError: naming the archive, if it is cut off or damaged.
    """
    try:
        for _ in _members(archive):
            pass
    except _DAMAGE as error:
        raise DataError(f"{archive}: cut off or damaged: {error}") from error


def _explained(error: Exception, name: str, read: str) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(f"{error.filename}: missing ({REMEDY})")
    return DataError(f"{name}: damaged here or beyond, after {read}: {error}")


def _streams(folder: Path, splits: Collection[str]) -> Iterator[_Stream]:
    unpacked = [split for split in splits if (folder / UNPACKED / split).is_dir()]
    for split in unpacked:
        yield from _folder_shards(folder / UNPACKED / split, split)
    if packed := set(splits).difference(unpacked):
        yield from _archive_shards(folder / ARCHIVE, packed)


def _folder_shards(folder: Path, split: str) -> Iterator[_Stream]:
    for path in shard_files(folder):
        with path.open("rb") as file:
            yield _Stream(split, str(path), file)


def shard_files(folder: Path) -> list[Path]:
    """The TFRecord files of an unpacked split, ordered by name."""
    return sorted(path for path in folder.iterdir() if _is_shard(path))


def _is_shard(path: PurePath) -> bool:
    # A Mac's tar adds "._00.tfrecord", which holds what its file system knows of 00.tfrecord.
    return path.suffix == ".tfrecord" and not path.name.startswith(".")


def _archive_shards(archive: Path, splits: set[str]) -> Iterator[_Stream]:
    for tar, member in _members(archive):
        path = PurePosixPath(member.name)  # without the "./" that tar writes when it packs "."
        split = next((one for one in splits if path.is_relative_to(f"{UNPACKED}/{one}")), None)
        if member.isfile() and split is not None and _is_shard(path):
            yield _Stream(split, f"{archive}: {member.name}", cast(BinaryIO, tar.extractfile(member)))


def _members(archive: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    # tarfile's own "r|gz" never looks at gzip's checksum, so the two are stacked here.
    with gzip.open(archive) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
        for member in tar:
            yield tar, member
        while unzipped.read(1 << 20):
            pass
