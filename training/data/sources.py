"""Which files the data sets consist of, who publishes them, and where they lie on this machine."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ambiance.artifacts import file_sha256
from training.data.errors import REMEDY, DataError
from training.data.shards import ARCHIVE, UNPACKED, shard_files
from training.origin import REPOSITORY

DATA_VARIABLE = "AMBIANCE_DATA"
MIRROR = REPOSITORY.parent / "shared" / "data"
DOWNLOADS = REPOSITORY / "data"

_GOEMOTIONS = "https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data"
_AUDIOSET = "https://storage.googleapis.com/us_audioset/youtube_corpus/v1"
_XED = "https://raw.githubusercontent.com/Helsinki-NLP/XED/master/AnnotatedData"
_EMOBANK = "https://raw.githubusercontent.com/JULIELab/EmoBank/master/corpus"
_MUSICCAPS = "https://huggingface.co/datasets/google/MusicCaps/resolve/main"
_ONTOLOGY = "https://raw.githubusercontent.com/audioset/ontology/master/ontology.json"


@dataclass(frozen=True)
class Source:
    """A published file: where it goes, relative to the data folder, and where it comes from."""

    path: str
    url: str
    sha256: str | None  # None where the publisher's file isn't known to the byte


SOURCES = (
    Source(
        "goemotions/train.tsv",
        f"{_GOEMOTIONS}/train.tsv",
        "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    ),
    Source(
        "goemotions/dev.tsv",
        f"{_GOEMOTIONS}/dev.tsv",
        "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    ),
    Source(
        "goemotions/test.tsv",
        f"{_GOEMOTIONS}/test.tsv",
        "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
    ),
    Source(
        "goemotions/emotions.txt",
        f"{_GOEMOTIONS}/emotions.txt",
        "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
    ),
    Source(
        "audioset/class_labels_indices.csv",
        f"{_AUDIOSET}/csv/class_labels_indices.csv",
        "cdd1049833c4b86127c2773ac0d14a2754b6a6d0d1798002ed5c66e699708429",
    ),
    Source(
        "audioset/ontology.json",
        _ONTOLOGY,
        "9c685f4403eecc3ca9be37fd7285cf212feaaea6ff7229d3e7ca89e0d1f2d15d",
    ),
    Source("xed/en-annotated.tsv", f"{_XED}/en-annotated.tsv", None),
    Source("xed/neu_en.txt", f"{_XED}/neu_en.txt", None),
    Source("emobank/emobank-train-dev.csv", f"{_EMOBANK}/emobank.csv", None),
    Source("musiccaps/musiccaps-public.csv", f"{_MUSICCAPS}/musiccaps-public.csv", None),
    Source(f"audioset/{ARCHIVE}", f"{_AUDIOSET}/features/{ARCHIVE}", None),
)


def data_dir() -> Path:
    """Folder of the data sets: AMBIANCE_DATA, else ../shared/data if both are there, else data/, downloaded.

    Raises:
        DataError: if AMBIANCE_DATA names no folder.
    """
    if named := os.environ.get(DATA_VARIABLE):
        if not Path(named).is_dir():
            raise DataError(f"{DATA_VARIABLE}: no folder is at {named}")
        return Path(named)
    mirrored = all((MIRROR / dataset).is_dir() for dataset in ("goemotions", "audioset"))
    return MIRROR if mirrored else DOWNLOADS


def dataset_digests(folder: Path, *datasets: str) -> dict[str, str]:
    """SHA-256 of each file of the named data sets (`goemotions`, `audioset`; all if none is named).

    An unpacked split counts as one file: its digest is that of its shards' names and digests.

    Raises:
        DataError: naming a file that is missing.
    """
    wanted = [s for s in SOURCES if not datasets or s.path.split("/")[0] in datasets]
    digests: dict[str, str] = {}
    for source in wanted:
        path = folder / source.path
        splits = _unpacked_splits(path)
        digests |= {split.relative_to(folder).as_posix(): _folder_sha256(split) for split in splits}
        if path.exists() or not splits:
            digests[source.path] = _sha256(path)
    return digests


def _unpacked_splits(path: Path) -> list[Path]:
    """Folders that stand beside AudioSet's archive for splits of it; empty for any other file."""
    return sorted(path.with_name(UNPACKED).glob("*/")) if path.name == ARCHIVE else []


def verify(folder: Path) -> None:
    """Compare every file with its published checksum, where one is known.

    Raises:
        DataError: naming a file that is missing or another than published, and both digests.
    """
    digests = dataset_digests(folder)
    for source in SOURCES:
        if source.sha256 is not None and digests[source.path] != source.sha256:
            found = digests[source.path]
            raise DataError(f"{folder / source.path}: SHA-256 {found}, as published {source.sha256}")


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error} ({REMEDY})") from error


def _folder_sha256(folder: Path) -> str:
    lines = (f"{file_sha256(path)}  {path.name}\n" for path in shard_files(folder))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
