"""Decodes a recording, piece by piece, into mono at 16 kHz: the only user of libsndfile and of soxr."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ambiance.audio.errors import AudioError
from ambiance.audio.log_mel import SAMPLE_RATE

MIN_RATE, MAX_RATE = 1_000, 768_000  # Hz of a recording
MAX_CHANNELS = 64
BLOCK_SAMPLES = 1 << 19  # of all channels together: 2 MiB at once, some six seconds of a song
MISSING_SECONDS = 1.0  # by so much an MP3's count of samples may be wrong without anything being lost
CHANGED = "changed while it was read"


@dataclass(frozen=True)
class Tags:
    """What a recording says of itself; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""


class _Stream(soundfile.SoundFile):
    """A file that is read from its begin to its end.

    SoundFile seeks to where it is after each read. By that an MP3's decoder loses what it knew of the frames
    before, and every block would begin with a gap.
    """

    def seekable(self) -> bool:
        """Whether to seek: never."""
        return False


class Recording:
    """A file being decoded; a context manager, since it is kept open.

    Raises, from any method:
        AudioError: the file isn't sound that is read, is damaged, or changed meanwhile.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and read its head."""
        self._path = path
        try:  # without waiting for whoever writes to a pipe
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise AudioError(error.strerror or str(error)) from error
        try:
            self._opened = os.fstat(self._descriptor)
            self._file = self._head()
        except BaseException:
            os.close(self._descriptor)
            raise

    @property
    def tags(self) -> Tags:
        """What it says of itself."""
        said = self._file.copy_metadata()
        return Tags(*(said.get(name, "").strip("\0 \t\r\n") for name in ("title", "artist", "album")))

    @property
    def duration_seconds(self) -> float:
        """How long it is by its head."""
        return self._file.frames / self._file.samplerate

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        """Its sound <float32>[samples] in [-1, 1] at 16 kHz, the mean of all channels,
        in pieces of any length."""
        resample = self._resampler()
        count = 0
        try:  # not by SoundFile.blocks, which fills up what a broken file lacks with what it read before
            while len(block := self._read()):
                count += len(block)
                yield resample(_mono(block), False)
            yield resample(np.empty(0, np.float32), True)
        except (soundfile.SoundFileError, RuntimeError, OSError) as error:
            raise AudioError(f"can't be decoded: {_reason(error)}") from error
        if count < self._file.frames - MISSING_SECONDS * self._file.samplerate:
            raise AudioError(f"breaks off: {count:,} of {self._file.frames:,} samples are there")

    def require_unchanged(self) -> None:
        """Fail if the file isn't what it was when it was opened."""
        try:
            now = os.stat(self._path)
        except OSError as error:
            raise AudioError(CHANGED) from error
        if _state(now) != _state(self._opened):
            raise AudioError(CHANGED)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _head(self) -> Any:
        if not stat.S_ISREG(self._opened.st_mode):
            raise AudioError("isn't a file")
        if not self._opened.st_size:
            raise AudioError("is empty")
        try:
            file = _Stream(self._descriptor, closefd=False)
        except (soundfile.SoundFileError, RuntimeError, OSError) as error:
            raise AudioError(f"isn't sound that is read: {_reason(error)}") from error
        if not MIN_RATE <= file.samplerate <= MAX_RATE:
            file.close()
            raise AudioError(f"sample rate: {MIN_RATE:,} to {MAX_RATE:,} Hz, got {file.samplerate:,}")
        if file.channels > MAX_CHANNELS:
            file.close()
            raise AudioError(f"channels: at most {MAX_CHANNELS}, got {file.channels:,}")
        return file

    def _read(self) -> npt.NDArray[np.float32]:
        return self._file.read(BLOCK_SAMPLES // self._file.channels, dtype="float32", always_2d=True)

    def _resampler(self) -> Any:
        if self._file.samplerate == SAMPLE_RATE:
            return lambda block, last: block
        return soxr.ResampleStream(self._file.samplerate, SAMPLE_RATE, 1, dtype="float32").resample_chunk


def _mono(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    mono = block.mean(axis=1)
    if not np.isfinite(mono).all():
        raise AudioError("holds a sample that isn't a finite number")
    return np.clip(mono, -1.0, 1.0)  # as samples of 16 bits are, which the network was trained on


def _reason(error: Exception) -> str:
    said = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return said.removeprefix("Error : ").rstrip(". ")


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
