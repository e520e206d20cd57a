"""One section of the evaluation: what a text encoder, a music encoder and an index say of one held-out split.

`validation` and `test` are two sections; they differ in what they hold and in nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EKMAN, EMOTIONS, MOOD_GROUPS
from training.evaluate.acceptable import PROTOCOL, acceptable_moods
from training.metrics.counts import membership
from training.metrics.search import half_library_answers, nearest
from training.metrics.seed_protocol import EKMAN_OF_EMOTION, GROUP_OF_MOOD, group_of_emotion
from training.metrics.thresholds import cross_fitted_answers, tuned_answers

TOP = 10  # answers to a text
HALVES = 60
_CROSS_FITS = 5
Columns = tuple[NDArray[np.float32], NDArray[np.bool_]]  # posterior and truth, [n, classes] each

_SEED = 0  # of halves and of cross-fits: the same for every release, so that figures compare


@dataclass(frozen=True)
class ReadComments:
    """Columns over n comments as a text encoder reads them, pooled as served."""

    labels: Sequence[tuple[int, ...]]  # annotators' emotions, indices into EMOTIONS.names
    emotions: NDArray[np.float32]  # [n, 28] posterior
    mood: NDArray[np.float32]  # [n, d] queries in the mood space

    @cached_property
    def ekman(self) -> NDArray[np.float32]:
        """<float32>[n, 7] posterior of Ekman's groups: the sum over a group's emotions."""
        return self.emotions @ np.eye(len(EKMAN), dtype=np.float32)[EKMAN_OF_EMOTION]

    @cached_property
    def groups(self) -> NDArray[np.float32]:
        """<float32>[n, 5] posterior of the mood groups: the sum over the emotions that lie nearest."""
        return self.emotions @ np.eye(len(MOOD_GROUPS), dtype=np.float32)[group_of_emotion()]

    @cached_property
    def emotion_truth(self) -> NDArray[np.bool_]:
        """<bool>[n, 28] emotions that annotators gave."""
        return membership(self.labels, np.arange(len(EMOTIONS.names)), len(EMOTIONS.names))

    @cached_property
    def ekman_truth(self) -> NDArray[np.bool_]:
        """<bool>[n, 7] their groups."""
        return membership(self.labels, EKMAN_OF_EMOTION, len(EKMAN))

    @cached_property
    def group_truth(self) -> NDArray[np.bool_]:
        """<bool>[n, 5] groups of moods that the protocol takes as right."""
        return membership(self.labels, group_of_emotion(), len(MOOD_GROUPS))

    @cached_property
    def felt(self) -> NDArray[np.bool_]:
        """<bool>[n] comments that no annotator's label calls neutral."""
        return ~self.emotion_truth[:, EMOTIONS.names.index("neutral")]


@dataclass(frozen=True)
class HeardRows:
    """Columns over m mood rows: a clip and one of its moods, as a music encoder hears it."""

    clip_of: NDArray[np.int64]  # [m] which clip, from 0
    moods: NDArray[np.int64]  # [m] annotators' mood
    posterior: NDArray[np.float32]  # [m, 7]
    vectors: NDArray[np.float32]  # [m, d] placed in the mood space as one little library

    @cached_property
    def groups(self) -> NDArray[np.float32]:
        """<float32>[m, 5] posterior of the mood groups."""
        return self.posterior @ np.eye(len(MOOD_GROUPS), dtype=np.float32)[GROUP_OF_MOOD]

    @cached_property
    def group_truth(self) -> NDArray[np.bool_]:
        """<bool>[m, 5] the group of the annotators' mood."""
        return np.eye(len(MOOD_GROUPS), dtype=bool)[GROUP_OF_MOOD[self.moods]]


@dataclass(frozen=True)
class Matching:
    """Comments answered with mood rows, in the space that both have vectors in."""

    comments: ReadComments
    rows: HeardRows

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """<int64>[n, 10] mood rows nearest to each comment."""
        return nearest(self.comments.mood, self.rows.vectors, TOP)

    @cached_property
    def half_answers(self) -> NDArray[np.int64]:
        """<int64>[n, 60] nearest mood row of each random half, at the whole's prices."""
        return half_library_answers(self.comments.mood, self.rows.vectors, HALVES, _SEED)

    def right_hits(self, table: NDArray[np.bool_] = PROTOCOL) -> NDArray[np.bool_]:
        """<bool>[n, 10] whether each hit's mood is right for the comment by a table <bool>[28, 7]."""
        acceptable = acceptable_moods(self.comments.labels, table)
        return np.take_along_axis(acceptable, self.rows.moods[self.hits], axis=1)


@dataclass(frozen=True)
class SplitPredictions:
    """Everything that the figures of one split are made of."""

    comments: ReadComments
    rows: HeardRows
    library: NDArray[np.float32]  # [clips, d] the released index's vectors, of clips worth hearing
    tuning: ReadComments | None = None  # thresholds come from these; None: cross-fitted in the section

    @cached_property
    def matching(self) -> Matching:
        """Its comments answered with its mood rows."""
        return Matching(self.comments, self.rows)

    @cached_property
    def ekman_answers(self) -> NDArray[np.bool_]:
        """<bool>[repeats, n, 7] whether a group's posterior passes its threshold."""
        return self._answers(lambda read: (read.ekman, read.ekman_truth))

    @cached_property
    def emotion_answers(self) -> NDArray[np.bool_]:
        """<bool>[repeats, n, 28] whether an emotion's posterior passes its threshold."""
        return self._answers(lambda read: (read.emotions, read.emotion_truth))

    @cached_property
    def likeliest_ekman(self) -> NDArray[np.int64]:
        """<int64>[n] group of the likeliest emotion, which is what the seed's protocol counts."""
        return EKMAN_OF_EMOTION[self.comments.emotions.argmax(axis=1)]

    @cached_property
    def library_hits(self) -> NDArray[np.int64]:
        """<int64>[n, 10] clips of the released library nearest to each comment."""
        return nearest(self.comments.mood, self.library, TOP)

    def _answers(self, columns: Callable[[ReadComments], Columns]) -> NDArray[np.bool_]:
        """<bool>[repeats, n, classes] whether a class's posterior passes the threshold tuned for it."""
        scores, truth = columns(self.comments)
        if self.tuning is None:
            return cross_fitted_answers(scores, truth, _CROSS_FITS, _SEED)
        return tuned_answers(scores, *columns(self.tuning))
