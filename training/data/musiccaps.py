"""MusicCaps (Agostinelli et al., 2023): what professional musicians heard in clips of AudioSet."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened

from training.data.errors import DataError
from training.data.tables import csv_rows, whole_number

FOLDER = "musiccaps"
FILE = "musiccaps-public.csv"

_COLUMNS = {"ytid", "start_s", "aspect_list", "caption", "is_audioset_eval"}
_MAX_SECOND = 999_999  # a clip's id has room for six digits
_YOUTUBE_ID = re.compile(r"[\w-]{11}", re.ASCII)


@dataclass(frozen=True)
class Captions:
    """Columns over n clips of `bal_train`, in file order."""

    places: tuple[tuple[str, int], ...]  # YouTube id and the whole second that the clip starts in
    aspects: tuple[tuple[str, ...], ...]  # short phrases
    captions: tuple[str, ...]  # a few sentences

    def __len__(self) -> int:
        return len(self.places)


def load_captions(data_dir: Path) -> Captions:
    """Read the captions of clips that training may hear; those of AudioSet's `eval` are passed over.

    Raises:
        DataError: if the file is missing, or a row isn't as published; names file and line.
    """
    path = data_dir / FOLDER / FILE
    places, aspects, captions = [], [], []
    for row, where in csv_rows(path, _COLUMNS):
        if _is_of_eval(row["is_audioset_eval"], where):
            continue
        places.append((_parse_id(row["ytid"], where), _parse_second(row["start_s"], where)))
        aspects.append(_parse_aspects(row["aspect_list"], where))
        captions.append(row["caption"])
    if not places:
        raise DataError(f"{path}: holds no caption of a clip outside eval")
    return Captions(tuple(places), tuple(aspects), tuple(captions))


def _is_of_eval(flag: str, where: str) -> bool:
    # Nothing else passes for False: a clip of eval that training heard would spoil what eval measures.
    if flag not in ("True", "False"):
        raise DataError(f"{where}: is_audioset_eval is True or False, got {flag!r}")
    return flag == "True"


def _parse_id(youtube_id: str, where: str) -> str:
    if not _YOUTUBE_ID.fullmatch(youtube_id):
        raise DataError(f"{where}: ytid is a YouTube id of 11 characters, got {youtube_id!r}")
    return youtube_id


def _parse_second(start: str, where: str) -> int:
    second = whole_number(start, 0, _MAX_SECOND)
    if second is None:
        raise DataError(f"{where}: start_s is a whole number of seconds, got {shortened(start)}")
    return second


def _parse_aspects(text: str, where: str) -> tuple[str, ...]:
    try:
        aspects = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:  # all that it raises
        raise DataError(f"{where}: aspect_list isn't a list of phrases") from error
    if not isinstance(aspects, list) or not all(isinstance(aspect, str) for aspect in aspects):
        raise DataError(f"{where}: aspect_list isn't a list of phrases")
    return tuple(aspects)
