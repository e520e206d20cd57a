"""Clips of any length as windows that the music encoder hears, and what was heard in them as one clip's.

A clip is cut into as few windows as hold it, of as even a length as can be: 15 frames are 8 and 7. What is
heard is averaged over windows by their frames: posteriors and probabilities as log-odds, so that a window
that is sure counts more than one that isn't; valence, arousal, dominance and timbre as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.placement import EncodedClips

WINDOW_FRAMES, FEATURES = 10, 128  # of what a music encoder hears at once

_CERTAIN = 1e-6  # probabilities nearer to 0 or 1 are taken for it, so that their log-odds are finite


@dataclass(frozen=True)
class Windows:
    """Windows of clips, one clip's after the other's."""

    frames: NDArray[np.uint8]  # [w, 10, 128]
    counts: NDArray[np.int32]  # [w] frames that each really has
    firsts: NDArray[np.int64]  # [n] each clip's first window

    @classmethod
    def of(cls, clips: Sequence[bytes]) -> "Windows":
        """Cut n clips, n from 0, each of 128 bytes for each of its frames, at least one."""
        totals = np.array([len(frames) // FEATURES for frames in clips], np.int64)
        windows = -(-totals // WINDOW_FRAMES)
        firsts = np.cumsum(windows) - windows
        place = np.arange(windows.sum()) - np.repeat(firsts, windows)  # of a window in its clip
        size, longer = np.repeat(totals // np.maximum(windows, 1), windows), totals % np.maximum(windows, 1)
        counts = size + (place < np.repeat(longer, windows))
        filled = np.zeros((len(counts) * WINDOW_FRAMES, FEATURES), np.uint8)
        column = np.arange(totals.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.repeat(np.arange(len(counts)) * WINDOW_FRAMES, counts) + column
        filled[rows] = np.frombuffer(b"".join(clips), np.uint8).reshape(-1, FEATURES)
        return cls(filled.reshape(-1, WINDOW_FRAMES, FEATURES), counts.astype(np.int32), firsts)

    def pool(self, heard: EncodedClips) -> EncodedClips:
        """What is heard in each clip, by what is heard in each window; a lone window keeps it as it is."""
        if len(self.firsts) == len(self.counts):
            return heard
        moods = np.exp(self._mean(np.log(np.maximum(heard.moods, _CERTAIN))))
        timbre = self._mean(heard.timbre)
        pooled = EncodedClips(
            (moods / moods.sum(axis=1, keepdims=True)).astype(np.float32),
            self._mean_probability(heard.facets),
            self._mean_probability(heard.traits),
            self._mean(heard.vad).astype(np.float32),
            (timbre / np.maximum(np.linalg.norm(timbre, axis=1, keepdims=True), 1e-6)).astype(np.float32),
        )
        single = np.diff(self.firsts, append=len(self.counts)) == 1
        for name, values in vars(pooled).items():
            values[single] = getattr(heard, name)[self.firsts[single]]
        return pooled

    def _mean_probability(self, shares: NDArray[np.float32]) -> NDArray[np.float32]:
        certain = np.clip(shares.astype(np.float64), _CERTAIN, 1 - _CERTAIN)
        logits = self._mean(np.log(certain) - np.log1p(-certain))
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def _mean(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """<float64>[n, k] mean over the windows of each clip, each as heavy as it has frames."""
        counts = self.counts.astype(np.float64)
        sums = np.add.reduceat(values * counts[:, None], self.firsts, axis=0, dtype=np.float64)
        totals: NDArray[np.float64] = np.add.reduceat(counts, self.firsts)
        return sums / totals[:, None]
