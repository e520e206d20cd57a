"""What every recipe learns from and is calibrated on."""

from dataclasses import dataclass
from pathlib import Path

from training.data.goemotions import Comments, load_comments
from training.data.lessons import Lessons, load_lessons
from training.teacher.artifact import Teacher


@dataclass(frozen=True)
class Corpus:
    """All lessons, GoEmotions' train and dev splits by themselves, and the teacher where a recipe has one."""

    lessons: Lessons
    train: Comments
    dev: Comments
    teacher: Teacher | None = None


def load_corpus(data_dir: Path) -> Corpus:
    """Read everything but the teacher.

    Raises:
        DataError: if a corpus is missing or damaged; names file and line.
    """
    train, dev = (load_comments(data_dir, split) for split in ("train", "dev"))
    return Corpus(load_lessons(data_dir), train, dev)
