"""Clips through a released music encoder: what the index is made of, and what evaluation measures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from training.music.mood_rows import FRAME_COUNTS, FRAMES
from training.regression.litert import MODEL_FILE, run_litert


@dataclass(frozen=True)
class EncodedClips:
    """Columns over n clips, as a music encoder writes them; its outputs bear these names."""

    moods: NDArray[np.float32]  # [n, 7] posterior over affect.MOODS, rows sum to 1
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]
    timbre: NDArray[np.float32]  # [n, 6] unit length

    def __len__(self) -> int:
        return len(self.moods)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "EncodedClips":
        """Clips by index, or by mask."""
        return EncodedClips(*(column[rows] for column in vars(self).values()))


def encode_clips(
    artifact: Artifact, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]
) -> EncodedClips:
    """Encode n clips through LiteRT.

    Args:
        artifact: a `music_encoder`.
        frames: <uint8>[n, 10, 128] quantised VGGish features, a frame a second.
        frame_counts: <int32>[n] frames that each clip really has; those beyond aren't heard.
    """
    outputs = run_litert(artifact.file(MODEL_FILE), {FRAMES: frames, FRAME_COUNTS: frame_counts})
    return EncodedClips(outputs["moods"], outputs["vad"], outputs["timbre"])
