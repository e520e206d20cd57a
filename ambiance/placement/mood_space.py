"""Clips as rows of the mood space: evidence for each facet, a small spread by timbre, and a price.

Their inner product with a query is the fit; spread and price make answers vary, and may cost no more fit than
MOST_FIT_LOST. All of it is one squared L2 distance, see `squared_l2`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS
from ambiance.placement.encoded_clips import TIMBRE_COMPONENTS, EncodedClips
from ambiance.placement.evidence import FACET_OF_MOOD, LEAST_SHARE, evidence
from ambiance.placement.library_prices import Run, price_library
from ambiance.placement.squared_l2 import append_price, constant_of

FIT_COMPONENTS = len(FACETS)
DIMENSION = FIT_COMPONENTS + TIMBRE_COMPONENTS + 1

# Strength of the spread: a text and a clip that point the same way gain so much fit, in log-odds.
SPREAD_STRENGTH = 0.1

# What variety may cost, in log-odds of fit, in which the library's clips deviate by 3 for a text: no answer
# fits worse by more than this than what it displaced. At 0.8 one clip answered 19 % of our own corpus first,
# at 1.5 11 %, at 2.5 0.5 %, and the verdicts on the benchmark's dev half didn't fall.
HIGHEST_PRICE = 2.5
MOST_FIT_LOST = HIGHEST_PRICE + 2 * SPREAD_STRENGTH


# The squared length of the longest vector that there is: as the constant of a library, see `squared_l2`, it
# draws no clip in, whatever comes. Seven facets are told by moods as well.
_SUREST, _LIKELIEST = np.log((1 - LEAST_SHARE) / LEAST_SHARE), -np.log(LEAST_SHARE * len(FACET_OF_MOOD))
LARGEST_CONSTANT = float(
    FIT_COMPONENTS * _SUREST**2
    + len(FACET_OF_MOOD) * (_LIKELIEST**2 + 2 * _SUREST * _LIKELIEST)
    + SPREAD_STRENGTH
)


@dataclass(frozen=True)
class PlacedLibrary:
    """Clips with prices, and what places others beside them."""

    vectors: NDArray[np.float32]  # [n, DIMENSION]
    constant: float  # of the vectors, see `squared_l2.append_price`
    mean_price: float  # of those that answer by default


def unpriced(clips: EncodedClips) -> NDArray[np.float32]:
    """<float32>[n, DIMENSION - 1] of clips, without the component that holds a price.

    A clip whose timbre isn't known has no spread: it gains as much as one chosen blindly does on average.
    """
    spread = np.float32(np.sqrt(SPREAD_STRENGTH)) * clips.timbre
    return np.concatenate([evidence(clips.facets, clips.moods), spread], axis=1)


def place_library(
    clips: EncodedClips, queries: NDArray[np.float32], heard: NDArray[np.bool_], seed: int, run: Run = map
) -> PlacedLibrary:
    """Place a whole library's clips, whose prices hold for that library alone.

    Args:
        clips: n clips, n from 1.
        queries: <float32>[m, DIMENSION] of reference texts, m from 1.
        heard: <bool>[n] clips that answer by default, at least one; prices are learned of them.
        seed: of every random number.
        run: how blocks of clips are gone through, see `library_prices`.
    """
    vectors = unpriced(clips)
    prices = learned_prices(vectors, queries, heard, seed, run=run)
    constant = constant_of(vectors, prices)
    return PlacedLibrary(append_price(vectors, prices), constant, float(prices[heard].mean()))


def learned_prices(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    heard: NDArray[np.bool_],
    seed: int,
    run: Run = map,
) -> NDArray[np.float32]:
    """<float32>[n] prices of clips; one that doesn't answer by default has the mean of those that do.

    Args:
        vectors: <float32>[n, DIMENSION - 1], as `unpriced` makes them.
        queries: <float32>[m, DIMENSION] of reference texts, m from 1.
        heard: <bool>[n] clips that answer by default, at least one.
        seed: of every random number.
        run: how blocks of clips are gone through, see `library_prices`.
    """
    learned = price_library(queries[:, :-1], vectors[heard], HIGHEST_PRICE, seed, run)
    prices = np.full(len(vectors), learned.mean(), np.float32)
    prices[heard] = learned
    return prices
