"""Music encoders that a test can foretell, importable by the worker processes of a job."""

import os
import time

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS
from ambiance.artifacts import Artifact
from ambiance.placement import EncodedClips

Bytes, Counts = NDArray[np.uint8], NDArray[np.int32]


def encode_clips(encoder: Artifact, frames: Bytes, frame_counts: Counts) -> EncodedClips:
    """Valence by the first byte, arousal by the clip's length; moods by both, all else by the byte."""
    valence = frames[:, 0, 0] / np.float32(255)
    columns = [valence, frame_counts / np.float32(10), np.full_like(valence, 0.5)]
    vad = np.stack(columns, axis=1, dtype=np.float32)
    angle = valence * np.float32(6)
    timbre = np.stack([np.cos(angle), np.sin(angle), *[0 * angle] * 4], axis=1, dtype=np.float32)
    facets = ((valence[:, None] + np.arange(len(FACETS)) / len(FACETS)) % 1).astype(np.float32)
    traits = np.stack([1 - valence, valence, valence / 2], axis=1)  # sung, spoken over, badly recorded
    return EncodedClips(MOODS.closeness(vad), facets, traits, vad, timbre)


def hang(encoder: Artifact, frames: Bytes, frame_counts: Counts) -> EncodedClips:
    """Leave the process's id beside the encoder and take for ever."""
    encoder.path.with_suffix(f".{os.getpid()}").touch()
    time.sleep(3_600)
    return encode_clips(encoder, frames, frame_counts)


def die(encoder: Artifact, frames: Bytes, frame_counts: Counts) -> EncodedClips:
    """End the process, as the kernel does when memory runs out."""
    os._exit(1)
