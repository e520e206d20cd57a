"""Clips through a released music encoder: what the index is made of, and what evaluation measures."""

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from training.music.mood_rows import FRAME_COUNTS, FRAMES
from training.regression.litert import MODEL_FILE, run_litert


def encode_vad(
    artifact: Artifact, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]
) -> NDArray[np.float32]:
    """<float32>[n, 3] VAD of n clips.

    Args:
        artifact: a `music_encoder`.
        frames: <uint8>[n, 10, 128] quantised VGGish features, a frame a second.
        frame_counts: <int32>[n] frames that each clip really has; those beyond aren't heard.
    """
    return run_litert(artifact.file(MODEL_FILE), {FRAMES: frames, FRAME_COUNTS: frame_counts})
