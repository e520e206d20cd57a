"""Answers of held-out mood rows to comments of dev: where a match probability is learned."""

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOOD_GROUPS
from training.data.goemotions import Comments
from training.evaluate.metrics import membership
from training.evaluate.readings import GROUP_OF_MOOD, group_of_emotion
from training.evaluate.search import nearest
from training.index.match_probability import Answers, similarity_of
from training.music.encode import EncodedClips
from training.music.features import mean_frames
from training.music.mood_rows import MoodRows
from training.space import MoodSpace

_ANSWERS = 10  # of each comment, as many as a reader is shown


def held_out_answers(
    space: MoodSpace,
    held_out: tuple[MoodRows, EncodedClips],
    reference: NDArray[np.float32],
    dev: Comments,
    queries: NDArray[np.float32],
    seed: int,
) -> Answers:
    """Place the mood rows as a library of their own and answer dev's comments from it.

    Args:
        space: of the queries.
        held_out: mood rows, and each as a model heard it that hadn't learned it.
        reference: <float32>[m, d] queries of the texts that set prices.
        dev: comments whose emotions are known.
        queries: <float32>[n, d] of those comments.
        seed: of every random number.
    """
    rows, encoded = held_out
    vectors = space.place(encoded, mean_frames(rows.frames, rows.frame_counts), reference, seed)
    clips = nearest(queries, vectors, min(_ANSWERS, len(vectors)))
    groups = membership(dev.labels, group_of_emotion(), len(MOOD_GROUPS))
    right = np.take_along_axis(groups, GROUP_OF_MOOD[rows.moods[clips]], axis=1)
    return Answers(clips, similarity_of(queries, vectors, clips, space.similarity_components), right)
