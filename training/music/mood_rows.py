"""AudioSet's clips as a music encoder learns from them: a row for each mood of each clip."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.audioset import Clips, has_split, load_clips
from training.data.ontology import moods_of
from training.music.config import MusicConfig

FRAMES, FRAME_COUNTS = "frames", "frame_counts"  # an encoder's inputs


@dataclass(frozen=True)
class MoodRows:
    """Columns over n pairs of a clip and one of its moods; a clip of two moods stands in two rows."""

    clip_ids: NDArray[np.str_]  # [n]
    frames: NDArray[np.uint8]  # [n, 10, 128] quantised VGGish features
    frame_counts: NDArray[np.int32]  # [n]
    moods: NDArray[np.int64]  # [n] indices into affect.MOODS.names

    def __len__(self) -> int:
        return len(self.moods)

    @property
    def inputs(self) -> dict[str, NDArray[Any]]:
        """An encoder's inputs by name."""
        return {FRAMES: self.frames, FRAME_COUNTS: self.frame_counts}

    @property
    def youtube_ids(self) -> NDArray[np.str_]:
        """<str>[n] their videos."""
        return np.array([name.rpartition("@")[0] for name in self.clip_ids.tolist()])

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "MoodRows":
        """Rows by index, or by mask."""
        return MoodRows(*(column[rows] for column in vars(self).values()))


def with_split(config: MusicConfig, data_dir: Path) -> MusicConfig:
    """The settings with a split: the one they name, else `unbal_train` where it is there, else `bal_train`.

    Raises:
        DataError: if AudioSet is missing or damaged.
    """
    if config.split is not None:
        return config
    return replace(config, split="unbal_train" if has_split(data_dir, "unbal_train") else "bal_train")


def load_mood_rows(data_dir: Path, split: str) -> MoodRows:
    """Read the mood rows of a split: 421 in `bal_train`, 420 in `eval`.

    Raises:
        DataError: as `load_clips` does; also if no clip of the split has a mood.
    """
    return mood_rows(load_clips(data_dir, split, keep=lambda labels: bool(moods_of(labels))))


def mood_rows(clips: Clips) -> MoodRows:
    """Repeat each clip for each of its moods; clips without one are left out."""
    pairs = [(clip, mood) for clip, labels in enumerate(clips.labels) for mood in moods_of(labels)]
    at, moods = np.array(pairs, np.int64).reshape(-1, 2).T
    return MoodRows(np.array(clips.clip_ids)[at], clips.frames[at], clips.frame_counts[at], moods)
