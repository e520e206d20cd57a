"""The data that evaluation reads, once for all releases: GoEmotions, and AudioSet's mood rows of `eval`."""

from dataclasses import dataclass
from pathlib import Path

from training.data.goemotions import Comments, load_comments
from training.music.mood_rows import MoodRows, load_mood_rows


@dataclass(frozen=True)
class Corpora:
    """What every release is measured on; dev also tunes thresholds."""

    folder: Path
    dev: Comments
    test: Comments
    eval_rows: MoodRows


def load_corpora(data_dir: Path) -> Corpora:
    """Read all of it.

    Raises:
        DataError: if a data set is missing or damaged.
    """
    dev, test = (load_comments(data_dir, split) for split in ("dev", "test"))
    return Corpora(data_dir, dev, test, load_mood_rows(data_dir, "eval"))
