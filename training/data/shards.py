"""Where AudioSet's records come from: the publisher's archive as a stream, or its unpacked folder."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from training.data.errors import REMEDY, DataError
from training.data.tfrecord import read_records

ARCHIVE = "features.tar.gz"
UNPACKED = "audioset_v1_embeddings"


_DAMAGE = (OSError, EOFError, zlib.error, tarfile.TarError)


def iterate_records(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield where each record of a split stands, and its payload; a record in memory at a time.

    The unpacked folder of the split is read where it exists, else the archive, without unpacking it to
    disk and to its very end: only then has gzip's checksum spoken for the whole of it. A split that
    isn't there yields nothing.

    Raises:
        DataError: if there is neither, or what there is is damaged; names the file and the record.
    """
    unpacked, archive = folder / UNPACKED / split, folder / ARCHIVE
    shards = _folder_shards(unpacked) if unpacked.is_dir() else _archive_shards(archive, split)
    name, records = str(folder), 0
    try:
        for name, stream in shards:
            for number, record in enumerate(read_records(stream, name)):
                records += 1
                yield f"{name}: record {number}", record
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: missing ({REMEDY})") from error
    except _DAMAGE as error:
        raise DataError(
            f"{name}: damaged here or beyond, after {records} records of {split}: {error}"
        ) from error


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


def _folder_shards(folder: Path) -> Iterator[tuple[str, BinaryIO]]:
    for path in sorted(folder.glob("*.tfrecord")):
        with path.open("rb") as stream:
            yield str(path), stream


def _archive_shards(archive: Path, split: str) -> Iterator[tuple[str, BinaryIO]]:
    for tar, member in _members(archive):
        if member.isfile() and member.name.startswith(f"{UNPACKED}/{split}/"):
            yield f"{archive}: {member.name}", cast(BinaryIO, tar.extractfile(member))


def _members(archive: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    # tarfile's own "r|gz" never looks at gzip's checksum, so the two are stacked here.
    with gzip.open(archive) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
        for member in tar:
            yield tar, member
        while unzipped.read(1 << 20):
            pass
