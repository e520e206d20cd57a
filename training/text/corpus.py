"""What every recipe learns from and is calibrated on."""

from dataclasses import dataclass
from pathlib import Path

from training.data.goemotions import Comments, load_comments
from training.teacher.artifact import Teacher


@dataclass(frozen=True)
class Corpus:
    """GoEmotions' train and dev splits, and the teacher where a recipe has one."""

    train: Comments
    dev: Comments
    teacher: Teacher | None = None


def load_corpus(data_dir: Path) -> Corpus:
    """Read both splits.

    Raises:
        DataError: if one is missing or damaged; names file and line.
    """
    return Corpus(load_comments(data_dir, "train"), load_comments(data_dir, "dev"))
