"""Runs the training jobs, each in a process of its own: TensorFlow gives no memory back, nor PyTorch."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from ambiance.artifacts import TEXT_TEACHER, load, versions
from ambiance.errors import AmbianceError
from training.data.lessons import load_lessons
from training.teacher.artifact import Teacher
from training.text.config import Recipe


class JobError(AmbianceError):
    """Raised when a training job ends with an error; it has said what was wrong."""


def train_release(
    root: Path, teacher_root: Path, seed: int, recipe: Recipe = "distilled", log: TextIO | None = None
) -> None:
    """Train text encoder, music encoder and index into a root, on one core; a large text encoder on all.

    Args:
        root: where to publish.
        teacher_root: where the text encoder's teacher lies.
        seed: of every random number.
        recipe: of the text encoder.
        log: takes what the jobs print; by default they print to ours.

    Raises:
        JobError: naming the job that failed.
    """
    shared = ["--artifacts", str(root), "--seed", str(seed)]
    text = [*shared, "--recipe", recipe, "--teacher-artifacts", str(teacher_root)]
    _run("training.text", text, log, one_core=recipe != "large")
    _run("training.music", shared, log)
    _run("training.index", shared, log)


def train_teacher(root: Path) -> None:
    """Train a teacher into a root. It is no release: nothing serves it, and a text encoder names its own.

    Raises:
        JobError: if PyTorch isn't installed, or the job failed.
    """
    if find_spec("torch") is None:
        raise JobError("training a teacher needs the extra [teacher]; `make teacher` installs it")
    _run("training.teacher", ["--artifacts", str(root)], None, one_core=False)


def has_teacher(root: Path, data_dir: Path) -> bool:
    """Whether the newest teacher under a root has read the very lessons that are to be learned.

    Raises:
        ArtifactError: if it is damaged.
    """
    if not versions(root, TEXT_TEACHER):
        return False
    return Teacher.load(load(root, TEXT_TEACHER)).lessons_sha256 == load_lessons(data_dir).digest


def _run(module: str, flags: list[str], log: TextIO | None, *, one_core: bool = True) -> None:
    command = [sys.executable, "-m", module, *flags]
    # A job of one core sets its own pools to one thread; BLAS and OpenMP read it here.
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if one_core else {}
    environment = {**os.environ, **single}
    status = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False).returncode
    if status != 0:
        raise JobError(f"python -m {module} {' '.join(flags)}: ended with status {status}")
