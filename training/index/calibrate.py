"""Answers of captioned clips to the benchmark's dev half: where a match probability is learned.

A clip suits a text if its main facet, as judged from the musician's caption, fits the text.
"""

import numpy as np
from numpy.typing import NDArray

from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import FIT_COMPONENTS
from training.index.match_probability import Answers, similarity_of
from training.listener.files import Benchmark
from training.metrics.search import nearest
from training.space.space import MoodSpace

_ANSWERS = 30  # of each text: more than a reader is shown, as a library of many finds better than these few


def captioned_answers(
    space: MoodSpace,
    clips: EncodedClips,
    mains: NDArray[np.bool_],
    reference: NDArray[np.float32],
    benchmark: Benchmark,
    queries: NDArray[np.float32],
    seed: int,
) -> Answers:
    """Place the captioned clips as a library of their own and answer the benchmark from it.

    Args:
        space: of the queries.
        clips: n clips, each as a model heard it that hadn't learned it.
        mains: <bool>[n, 12] the facet heard most in each.
        reference: <float32>[m, d] queries of the texts that set prices.
        benchmark: texts whose fitting and jarring facets are known.
        queries: <float32>[t, d] of those texts.
        seed: of every random number.
    """
    vectors = space.place(clips, reference, seed)
    found = nearest(queries, vectors, min(_ANSWERS, len(vectors)))
    suits, _ = said_of(mains[found], benchmark)
    return Answers(found, similarity_of(queries, vectors, found, FIT_COMPONENTS), suits)


def said_of(said: NDArray[np.bool_], benchmark: Benchmark) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """<bool>[t, k] whether something fits, and whether something jars, of what is said <bool>[t, k, 12]."""
    fits, jars = benchmark.fits[:, None], benchmark.jars[:, None]
    # arrays already: numpy's types allow for a single bool
    return np.asarray((said & fits).any(axis=2)), np.asarray((said & jars).any(axis=2))
