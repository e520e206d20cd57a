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

AT_ONCE = 160  # examples to hear together: sixteen windows of ten seconds

Sound = npt.NDArray[np.float32]
Examples = npt.NDArray[np.float32]  # [n, 96, 64]
Hear = Callable[[Examples], npt.NDArray[np.uint8]]  # examples to frames [n, 128]


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
    hearing = _Hearing(hear)
    samples = silent = 0
    with Recording(path) as recording:
        for piece in _cut(recording.blocks(), size):
            start, samples = samples, samples + len(piece)
            if len(piece) < MIN_SAMPLES or (start and 2 * len(piece) < size):
                continue
            if np.abs(piece).max() < SILENCE:
                silent += 1
                continue
            hearing.add(start / SAMPLE_RATE, samples / SAMPLE_RATE, log_mel_examples(piece))
        windows = hearing.windows()
        recording.require_unchanged()
        tags = recording.tags
    if samples < MIN_SAMPLES:
        # rounded down, so that it never reads "at least 0.975 s, got 0.975 s"
        got = math.floor(samples / SAMPLE_RATE * 1_000) / 1_000
        raise AudioError(f"at least {MIN_SAMPLES / SAMPLE_RATE:g} s of sound, got {got:g} s")
    if not windows:
        raise AudioError("is silent")
    return Heard(tags, samples / SAMPLE_RATE, tuple(windows), silent)


class _Hearing:
    """Hears windows, several at a time: a network is faster so, and keeps to one size of batch."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._waiting: list[tuple[float, float, Examples]] = []
        self._windows: list[Window] = []

    def add(self, start_seconds: float, end_seconds: float, examples: Examples) -> None:
        self._waiting.append((start_seconds, end_seconds, examples))
        if sum(len(waiting) for _, _, waiting in self._waiting) >= AT_ONCE:
            self._hear_waiting()

    def windows(self) -> list[Window]:
        """All that were added, in order."""
        self._hear_waiting()
        return self._windows

    def _hear_waiting(self) -> None:
        if not self._waiting:
            return
        frames = self._hear(np.concatenate([examples for _, _, examples in self._waiting]))
        ends = np.cumsum([len(examples) for _, _, examples in self._waiting])
        parts = np.split(frames, ends[:-1])
        for (start, end, _), part in zip(self._waiting, parts, strict=True):
            self._windows.append(Window(start, end, part))
        self._waiting = []


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
