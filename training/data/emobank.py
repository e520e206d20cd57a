"""EmoBank (Buechel and Hahn, 2017): sentences with the valence, arousal and dominance that readers felt."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.errors import DataError
from training.data.tables import csv_rows

FOLDER = "emobank"
FILE = "emobank-train-dev.csv"
SPLITS = ("train", "dev")

_COLUMNS = {"id", "split", "V", "A", "D", "text"}
_UNREAD_SPLITS = ("test",)  # which the publisher's file holds as well
_LOWEST, _NEUTRAL, _HIGHEST = 1.0, 3.0, 5.0  # of the annotators' scale

# Mean ratings crowd around the middle: hardly any lies farther from it than this, which becomes 0 or 1.
REACH = 1.5


@dataclass(frozen=True)
class RatedSentences:
    """Columns over n sentences of one split."""

    texts: tuple[str, ...]
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]; 0.5 is the annotators' neutral

    def __len__(self) -> int:
        return len(self.texts)


def load_emobank(data_dir: Path, split: str) -> RatedSentences:
    """Read one split: `train` 8,062 sentences, `dev` 1,000.

    Raises:
        DataError: if the file is missing, or a row isn't as published; names file and line.
    """
    if split not in SPLITS:
        raise DataError(f"split: one of {', '.join(SPLITS)}, got {split!r}")
    path = data_dir / FOLDER / FILE
    texts, ratings = [], []
    for row, where in csv_rows(path, _COLUMNS):
        rated = _parse_ratings([row["V"], row["A"], row["D"]], where)
        if row["split"] not in (*SPLITS, *_UNREAD_SPLITS):
            raise DataError(f"{where}: split: one of {', '.join(SPLITS)}, got {row['split']!r}")
        if row["split"] == split and row["text"].strip():
            texts.append(row["text"])
            ratings.append(rated)
    if not texts:
        raise DataError(f"{path}: holds no sentence of {split}")
    return RatedSentences(tuple(texts), unit_scale(np.array(ratings, np.float32)))


def unit_scale(ratings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ratings in [1, 5] in [0, 1]: 3 becomes 0.5, what lies REACH or more from it 0 or 1."""
    scaled: NDArray[np.float32] = np.clip(0.5 + (ratings - _NEUTRAL) / np.float32(2 * REACH), 0, 1)
    return scaled


def _parse_ratings(fields: list[str], where: str) -> list[float]:
    try:
        ratings = [float(field) for field in fields]
    except ValueError as error:
        raise DataError(f"{where}: V, A and D are numbers, got {fields}") from error
    if not all(_LOWEST <= rating <= _HIGHEST for rating in ratings):
        raise DataError(f"{where}: V, A and D lie in {_LOWEST:g} to {_HIGHEST:g}, got {fields}")
    return ratings
