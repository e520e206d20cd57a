"""Cross-validation over mood rows: every row is encoded by a model that heard neither it nor its clip."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.data.errors import DataError
from training.music.mood_rows import MoodRows


def assign_folds(rows: MoodRows, folds: int, seed: int) -> NDArray[np.int64]:
    """<int64>[n] fold of each row: all rows of a clip share one, and each has its part of every mood.

    Raises:
        DataError: if a mood is on fewer clips than there are folds, so that some would lack it.
    """
    clips = [len(np.unique(rows.clip_ids[rows.moods == mood])) for mood in np.unique(rows.moods)]
    if min(clips) < folds:
        raise DataError(
            f"cross-validation: at least {folds} clips of a mood for {folds} folds, got {min(clips)}"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(rows), np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(rows.moods, rows.moods, rows.clip_ids)):
        fold_of[held_out] = fold
    return fold_of
