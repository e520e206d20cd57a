"""Does one emotional sentence survive among neutral ones? An experiment with comments put together."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS
from training.data.goemotions import Comments
from training.metrics.seed_protocol import EKMAN_OF_EMOTION
from training.text.encode import TextReadings

ReadTexts = Callable[[Sequence[str]], TextReadings]  # texts of any length, pooled

FILLERS = (4, 16)  # neutral comments around the emotional one
_TEXTS = 300  # emotional comments that are tried

_NEUTRAL = EMOTIONS.names.index("neutral")
_NEUTRAL_GROUP = tuple(EKMAN).index("neutral")


def long_text_figures(
    read: ReadTexts, comments: Comments, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """For 4 and for 16 neutral comments around an emotional one, how its reading compares with it alone.

    Only emotional comments count that are read rightly alone, as one of the Ekman group they bear.

    Returns:
        Fillers -> `emotion_kept`, share of texts whose likeliest group but neutral is still that;
        `vad_moved`, mean distance from where the comment lies alone; `stays_neutral`, share of the texts
        without the emotional comment whose likeliest emotion is neutral; `texts`, how many there are.
        Empty if no emotional comment is read rightly.
    """
    neutral, felt = _rows_of_one_label(comments)
    felt = rng.permutation(felt)[:_TEXTS]
    alone = read([comments.texts[row] for row in felt])
    groups = EKMAN_OF_EMOTION[[comments.labels[row][0] for row in felt]]
    right = EKMAN_OF_EMOTION[alone.emotions.argmax(axis=1)] == groups
    felt, groups, vad = felt[right], groups[right], alone.vad[right]
    figures: dict[str, dict[str, float]] = {}
    for fillers in FILLERS if len(felt) else ():
        among = np.array([rng.choice(neutral, fillers) for _ in felt])
        places = rng.integers(fillers + 1, size=len(felt))
        rows = [np.insert(quiet, at, row) for quiet, at, row in zip(among, places, felt, strict=True)]
        whole, quiet = read(_joined(comments, rows)), read(_joined(comments, list(among)))
        figures[str(fillers)] = {
            "emotion_kept": float(np.mean(_likeliest_felt_group(whole.emotions) == groups)),
            "vad_moved": float(np.linalg.norm(whole.vad - vad, axis=1).mean()),
            "stays_neutral": float(np.mean(quiet.emotions.argmax(axis=1) == _NEUTRAL)),
            "texts": len(felt),
        }
    return figures


def _rows_of_one_label(comments: Comments) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of comments that are neutral and nothing else, and of those that bear one other emotion."""
    neutral = [row for row, labels in enumerate(comments.labels) if labels == (_NEUTRAL,)]
    felt = [row for row, labels in enumerate(comments.labels) if len(labels) == 1 and labels != (_NEUTRAL,)]
    return np.array(neutral, np.int64), np.array(felt, np.int64)


def _joined(comments: Comments, rows: Sequence[NDArray[np.int64]]) -> list[str]:
    return [" ".join(comments.texts[row] for row in text) for text in rows]


def _likeliest_felt_group(emotions: NDArray[np.float32]) -> NDArray[np.int64]:
    groups = emotions @ np.eye(len(EKMAN), dtype=np.float32)[EKMAN_OF_EMOTION]
    groups[:, _NEUTRAL_GROUP] = -1
    return groups.argmax(axis=1)
