"""The seed's three evaluations: text into Ekman's seven, music into five moods, and text against music.

A comment may bear several emotions; an answer that is right for one of them is right, as in the seed.
A clip of two moods stands for two rows, one of each mood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS, MOOD_GROUPS, MOODS
from training.metrics.counts import ClassCounts, count_answers, group_index, largest_share, membership
from training.regression.targets import mean_vad

EKMAN_OF_EMOTION = group_index(EKMAN, EMOTIONS.names)  # <int64>[28]
GROUP_OF_MOOD = group_index(MOOD_GROUPS, MOODS.names)  # <int64>[7]

_CHUNK = 1024  # texts compared with all clips at once: bounds memory


@dataclass(frozen=True)
class Connection:
    """How texts and the clips nearest to them in predicted VAD go together."""

    counts: ClassCounts  # over MOOD_GROUPS
    matched_distance: float  # mean Euclidean distance between the true VAD of a text and of its clip
    random_distance: float  # the same, expected of a clip drawn at random
    largest_share: float  # of the answers, held by one clip
    coverage: float  # share of the clips that answer any text
    best_constant: float  # micro precision of answering every text with one and the same mood

    def summary(self) -> dict[str, Any]:
        """All figures as JSON holds them."""
        figures = {name: round(value, 6) for name, value in vars(self).items() if name != "counts"}
        return self.counts.summary() | figures


@dataclass(frozen=True)
class Evaluation:
    """A text encoder and a music encoder, each alone and the two together."""

    text: ClassCounts  # over EKMAN
    music: ClassCounts  # over MOOD_GROUPS
    connection: Connection

    def summary(self) -> dict[str, dict[str, Any]]:
        """All figures as JSON holds them."""
        return {name: part.summary() for name, part in vars(self).items()}


def evaluate(
    text_vad: NDArray[np.float32],
    text_labels: Sequence[tuple[int, ...]],
    music_vad: NDArray[np.float32],
    moods: NDArray[np.int64],
) -> Evaluation:
    """Take all three; the arguments are those of `connect`."""
    return Evaluation(
        count_emotions(text_vad, text_labels),
        count_moods(music_vad, moods),
        connect(text_vad, text_labels, music_vad, moods),
    )


def count_emotions(vad: NDArray[np.float32], labels: Sequence[tuple[int, ...]]) -> ClassCounts:
    """Text: the emotion nearest to each predicted point <float32>[n, 3], lumped to Ekman's seven."""
    answers = EKMAN_OF_EMOTION[EMOTIONS.nearest(vad)]
    return count_answers(answers, membership(labels, EKMAN_OF_EMOTION, len(EKMAN)), list(EKMAN))


def count_moods(vad: NDArray[np.float32], moods: NDArray[np.int64]) -> ClassCounts:
    """Music: the mood nearest to each predicted point <float32>[n, 3], lumped to five, against <int64>[n]."""
    answers = GROUP_OF_MOOD[MOODS.nearest(vad)]
    truth = np.eye(len(MOOD_GROUPS), dtype=bool)[GROUP_OF_MOOD[moods]]
    return count_answers(answers, truth, list(MOOD_GROUPS))


def connect(
    text_vad: NDArray[np.float32],
    text_labels: Sequence[tuple[int, ...]],
    music_vad: NDArray[np.float32],
    moods: NDArray[np.int64],
) -> Connection:
    """Connection: answer each text with the clip nearest to it in predicted VAD; is it of the text's mood?

    Args:
        text_vad: <float32>[texts, 3] predicted.
        text_labels: emotions of each text.
        music_vad: <float32>[clips, 3] predicted.
        moods: <int64>[clips] mood of each.
    """
    clips = nearest_rows(text_vad, music_vad)
    truth = membership(text_labels, group_of_emotion(), len(MOOD_GROUPS))
    text_points, clip_points = mean_vad(text_labels, EMOTIONS), MOODS.vad[moods]
    return Connection(
        count_answers(GROUP_OF_MOOD[moods[clips]], truth, list(MOOD_GROUPS)),
        matched_distance=float(_distances(text_points, clip_points[clips]).mean()),
        random_distance=_mean_pair_distance(text_points, clip_points),
        largest_share=largest_share(clips),
        coverage=len(np.unique(clips)) / len(moods),
        best_constant=float(truth.mean(axis=0).max()),
    )


def group_of_emotion() -> NDArray[np.int64]:
    """<int64>[28] group of moods nearest to each emotion; a group lies where the mood of its name does."""
    named_after = [MOODS.names.index(name) for name in MOOD_GROUPS]
    return nearest_rows(EMOTIONS.vad, MOODS.vad[named_after])


def nearest_rows(points: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.int64]:
    """<int64>[n] row of <float32>[m, 3] nearest to each of <float32>[n, 3]; the first of equals."""
    chunks = [points[start : start + _CHUNK] for start in range(0, len(points), _CHUNK)]
    return np.concatenate([_distances(chunk[:, None], others).argmin(axis=1) for chunk in chunks])


def _mean_pair_distance(points: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    return float(np.mean([_distances(point, others).mean() for point in points]))


def _distances(points: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    distances: NDArray[np.float32] = np.linalg.norm(points - others, axis=-1)
    return distances
