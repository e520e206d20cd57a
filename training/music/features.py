"""What the linear recipe and the mood space hear of a clip: the mean of its frames."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.audioset import FRAMES, dequantize, load_clips
from training.data.ontology import load_ontology


def mean_frames(frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]) -> NDArray[np.float32]:
    """<float32>[n, 128] mean over the frames that each clip really has.

    Args:
        frames: <uint8>[n, 10, 128] quantised VGGish features, a frame a second.
        frame_counts: <int32>[n] from 1.
    """
    heard = np.arange(FRAMES) < frame_counts[:, None]
    total = np.einsum("nfd,nf->nd", dequantize(frames), heard.astype(np.float32))
    means: NDArray[np.float32] = total / frame_counts[:, None].astype(np.float32)
    return means


def load_music_frames(data_dir: Path) -> NDArray[np.float32]:
    """<float32>[n, 128] mean frames of the 6,773 pieces of music in `bal_train`: what music sounds like.

    Raises:
        DataError: if AudioSet is missing or damaged, or if the split holds no music.
    """
    music = load_ontology(data_dir).musical_piece_classes()
    clips = load_clips(data_dir, "bal_train", lambda labels: not music.isdisjoint(labels))
    return mean_frames(clips.frames, clips.frame_counts)
