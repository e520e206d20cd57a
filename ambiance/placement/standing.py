"""What a clip that comes to a library costs: as much as it beats, for any text, what is there already.

It is the c-transform by which `library_prices` carries prices from a sample to every clip: a clip that comes
is as good as the best that is there for the one text that wants it most, and worse for all others. At the
mean price of the library, what resembles its favourites, which are dear, would answer everything: 300 clips
like those of the release take 24 % of all places beside it, and one of them 26 % of the first; at these
prices 2 % and 1 %.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.placement.encoded_clips import EncodedClips
from ambiance.placement.library_prices import advantages
from ambiance.placement.mood_space import HIGHEST_PRICE, unpriced
from ambiance.placement.prices import PricedClips
from ambiance.placement.squared_l2 import append_price, prices_of

_TEXTS = 1_000  # 6,000 price four times as slowly and no better
_CLIPS_AT_ONCE = 4096  # bounds memory to tens of MB


@dataclass(frozen=True)
class Standing:
    """How good the best answers of a library are, less what they cost, for some texts."""

    texts: NDArray[np.float32]  # [t, DIMENSION - 1] queries
    worth: NDArray[np.float32]  # [t] infinite in a library without clips

    @classmethod
    def of(cls, queries: NDArray[np.float32], clips: PricedClips) -> "Standing":
        """Ask a library's clips, of any number, each text of some.

        Args:
            queries: <float32>[m, DIMENSION] of reference texts, in no order, m from 1; the first are asked.
            clips: those that answer by default.
        """
        texts = np.ascontiguousarray(queries[:_TEXTS, :-1])
        if not len(clips.prices):
            return cls(texts, np.full(len(texts), np.inf, np.float32))
        worth = np.full(len(texts), -np.inf, np.float32)
        for start in range(0, len(clips.prices), _CLIPS_AT_ONCE):
            block = slice(start, start + _CLIPS_AT_ONCE)
            scores = clips.vectors[block] @ texts.T - clips.prices[block, None]
            np.maximum(worth, scores.max(axis=0), out=worth)
        return cls(texts, worth)

    def prices(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n] of clips that come, from 0 to HIGHEST_PRICE; 0 where there is none yet.

        Args:
            vectors: <float32>[n, DIMENSION - 1], as `mood_space.unpriced` makes them, n from 0.
        """
        if not len(vectors) or np.isposinf(self.worth).all():
            return np.zeros(len(vectors), np.float32)
        return np.clip(advantages(self.texts, self.worth, vectors), np.float32(0), np.float32(HIGHEST_PRICE))

    def place(self, clips: EncodedClips, constant: float) -> NDArray[np.float32]:
        """<float32>[n, DIMENSION] of n clips that come, n from 0.

        Args:
            clips: n clips.
            constant: of the rows that they stand beside, see `squared_l2.append_price`.
        """
        vectors = unpriced(clips)
        return append_price(vectors, self.prices(vectors), constant)


def priced_clips(placed: NDArray[np.float32], constant: float) -> PricedClips:
    """Vectors and prices that rows <float32>[n, DIMENSION] of that constant hold."""
    return PricedClips(placed[:, :-1], prices_of(placed, constant))
