"""From one recording to what is heard in each window of it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ambiance.audio.decoding import Recording, Tags
from ambiance.audio.errors import AudioError
from ambiance.audio.log_mel import MIN_SAMPLES, SAMPLE_RATE, log_mel_examples

SILENCE = 1e-3  # a window whose every sample is nearer to 0, 60 dB below full scale, holds no music

Sound = npt.NDArray[np.float32]
Hear = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.uint8]]  # examples [n, 96, 64] to frames [n, 128]


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a recording.

    Attributes:
        start_seconds, end_seconds: where it lies in the recording.
        frames: <uint8>[n, 128], VGGish's features as published, a row for each 0.96 s.
    """

    start_seconds: float
    end_seconds: float
    frames: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Heard:
    """A recording, heard whole."""

    tags: Tags
    duration_seconds: float
    windows: tuple[Window, ...]
    silent_count: int  # windows that were left out as silent


def listen(path: Path, window_seconds: float, hear: Hear) -> Heard:
    """Hear a recording in windows of so many seconds, each by itself as AudioSet's clips were.

    A rest shorter than half a window is left out, unless it is all there is; so are windows of silence.

    Raises:
        AudioError: if the file can't be heard, or changes meanwhile; nothing of it counts then.
    """
    size = round(window_seconds * SAMPLE_RATE)
    windows: list[Window] = []
    samples = silent = 0
    with Recording(path) as recording:
        for piece in _cut(recording.blocks(), size):
            start, samples = samples, samples + len(piece)
            if len(piece) < MIN_SAMPLES or (start and 2 * len(piece) < size):
                continue
            if np.abs(piece).max() < SILENCE:
                silent += 1
                continue
            frames = hear(log_mel_examples(piece))
            windows.append(Window(start / SAMPLE_RATE, samples / SAMPLE_RATE, frames))
        recording.require_unchanged()
        tags = recording.tags
    if samples < MIN_SAMPLES:
        # rounded down, so that it never reads "at least 0.975 s, got 0.975 s"
        got = math.floor(samples / SAMPLE_RATE * 1_000) / 1_000
        raise AudioError(f"at least {MIN_SAMPLES / SAMPLE_RATE:g} s of sound, got {got:g} s")
    if not windows:
        raise AudioError("is silent")
    return Heard(tags, samples / SAMPLE_RATE, tuple(windows), silent)


def _cut(blocks: Iterator[Sound], size: int) -> Iterator[Sound]:
    """Blocks of any length as pieces of `size` samples; the last may be shorter."""
    kept: list[Sound] = []
    length = 0
    for block in blocks:
        kept.append(block)
        length += len(block)
        if length >= size:
            whole = np.concatenate(kept)
            for start in range(0, length - size + 1, size):
                yield whole[start : start + size]
            kept = [whole[length // size * size :]]
            length %= size
    if length:
        yield np.concatenate(kept)
