"""Prices of a library of any size: learned clip by clip up to a limit, beyond it on a sample and carried on.

Prices are the dual variables of an assignment of clips to texts, so those of a sample extend to any other
clip by the c-transform of optimal transport: the sample's best answer is worth so much to each text, and a
clip's price is the most by which it beats that for any of them. At this price it is as good as the sample's
best for the one text that wants it most and worse for all others, so that it can't answer everything. (By
the mean price of their neighbours, clips beyond the outermost of the sample come too cheap: a library of
100,000 then gives a quarter to a tenth of all texts the same answer.)
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ambiance.placement.prices import Limits, learn_prices, library_limits

EXACT_CLIPS = 20_000  # at most, of a library whose prices are learned clip by clip, in a minute or two
SAMPLE_CLIPS = 4_000

# The sample is drawn from this share of the clips, those that come nearest to being some text's best answer.
# A smaller one gives answers that fit better, and fewer of them: at 100,000 clips and a tenth, the largest
# share of the first answers rises from 0.4 % to 0.6 % and the affinity of text and clip from 0.57 to 0.62.
_CONTENDERS = 0.2

Vectors = NDArray[np.float32]

# Applies a function to each block of clips and keeps their order, as the builtin `map` does; one that spreads
# the blocks over cores is faster.
Run = Callable[[Callable[[Vectors], Vectors], Iterable[Vectors]], Iterable[Vectors]]

_TEXTS = 1_000  # by which contenders are told and prices are carried
_CLIPS_AT_ONCE = 4096  # bounds memory to tens of MB a thread


def price_library(
    queries: Vectors,
    vectors: Vectors,
    highest_price: float,
    seed: int,
    run: Run = map,
) -> Vectors:
    """<float32>[n] prices of a library's clips, from 0 to `highest_price`, as `prices.learn_prices` has them.

    Args:
        queries: <float32>[m, d] of reference texts, m from 1.
        vectors: <float32>[n, d] of the clips; their inner product with a query is the score.
        highest_price: in units of the score.
        seed: of every draw.
        run: how blocks of clips are gone through.
    """
    limits = library_limits(len(vectors), highest_price)
    if len(vectors) <= EXACT_CLIPS:
        return learn_prices(queries, vectors, limits, seed)
    return price_by_sample(queries, vectors, limits, seed, run)


def price_by_sample(
    queries: Vectors,
    vectors: Vectors,
    limits: Limits,
    seed: int,
    run: Run = map,
) -> Vectors:
    """<float32>[n] the same, n from SAMPLE_CLIPS, learned on a sample and carried to every clip."""
    draw = np.random.default_rng(seed)
    texts = queries[draw.permutation(len(queries))[:_TEXTS]]
    sample = vectors[draw_sample(draw, texts, vectors, run)]
    prices = learn_prices(queries, sample, limits, seed)
    worth = (texts @ sample.T - prices).max(axis=1)
    return np.clip(advantages(texts, worth, vectors, run), np.float32(0), np.float32(limits.highest))


def draw_sample(
    draw: np.random.Generator, texts: Vectors, vectors: Vectors, run: Run = map
) -> NDArray[np.int64]:
    """<int64>[SAMPLE_CLIPS] rows, ascending, of clips that some text might want, each as likely as another.

    Args:
        draw: the source of chance.
        texts: <float32>[m, d] queries, m from 1.
        vectors: <float32>[n, d] of the clips, n from SAMPLE_CLIPS.
        run: how blocks of clips are gone through.
    """
    best = np.max(list(run(lambda block: (block @ texts.T).max(axis=0), _blocks(vectors))), axis=0)
    contenders = max(SAMPLE_CLIPS, int(_CONTENDERS * len(vectors)))
    rows = np.argpartition(advantages(texts, best, vectors, run), -contenders)[-contenders:]
    return np.sort(draw.choice(np.sort(rows), SAMPLE_CLIPS, replace=False))


def advantages(texts: Vectors, worth: Vectors, vectors: Vectors, run: Run = map) -> Vectors:
    """<float32>[n] the most by which each clip's score beats what a text has already, for any of the texts.

    Args:
        texts: <float32>[m, d] queries, m from 1.
        worth: <float32>[m] score, less its price, of the best answer that each text has.
        vectors: <float32>[n, d] of the clips, n from 1.
        run: how blocks of clips are gone through.
    """
    return np.concatenate(list(run(lambda block: (block @ texts.T - worth).max(axis=1), _blocks(vectors))))


def _blocks(vectors: Vectors) -> Iterable[Vectors]:
    return (vectors[start : start + _CLIPS_AT_ONCE] for start in range(0, len(vectors), _CLIPS_AT_ONCE))
