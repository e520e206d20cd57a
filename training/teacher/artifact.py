"""What a teacher leaves behind for the student, on disk and in memory.

Written by `training.teacher`, read by `training.text`; needs numpy alone. Of the lessons it holds what the
teacher thinks of each, in their order, and never their words.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from training.data.lessons import Lessons

TOKENIZER_FILE = "tokenizer.json"
LESSONS_FILE = "lessons.sha256"

_LEVELS = 255  # of a probability, spaced evenly over its square root: small ones keep their digits
_STEPS = 127  # of a number, on either side of 0
_MOST_TOKENS = 1 << 16


@dataclass(frozen=True)
class Teacher:
    """Everything the student learns from, apart from the lessons themselves."""

    tokenizer_file: Path  # of the `tokenizers` library: PAD is id 0, UNKNOWN id 1, no special tokens added
    token_vectors: NDArray[np.float32]  # [tokens, width] a start for the student's token table
    answers: NDArray[np.float32]  # [lessons, WIDTH] columns as in training.data.lessons
    features: NDArray[np.float32]  # [lessons, components] of the teacher's pooled output
    lessons_sha256: str  # their digest
    synthetic_ids: tuple[NDArray[np.int32], ...]  # token ids of each made-up text, at least one
    synthetic_answers: NDArray[np.float32]  # [synthetic texts, WIDTH]

    @classmethod
    def load(cls, artifact: Artifact) -> "Teacher":
        """Read a loaded artifact of kind `text_teacher`.

        Raises:
            ArtifactError: if a file is missing, or the files don't fit each other; names both counts.
        """
        flat, lengths = (_load(artifact, f"synthetic_{name}.npy") for name in ("ids", "lengths"))
        if int(lengths.sum()) != len(flat):
            raise ArtifactError(
                f"{artifact.path}: synthetic_lengths.npy sums to {int(lengths.sum())}, "
                f"synthetic_ids.npy holds {len(flat)} tokens"
            )
        teacher = cls(
            tokenizer_file=artifact.file(TOKENIZER_FILE),
            token_vectors=_load_columns(artifact, "token_vectors"),
            answers=decode_probabilities(_load(artifact, "answers.npy")),
            features=_load_columns(artifact, "features"),
            lessons_sha256=artifact.file(LESSONS_FILE).read_text(encoding="ascii").strip(),
            synthetic_ids=tuple(np.split(flat.astype(np.int32), np.cumsum(lengths[:-1], dtype=np.int64))),
            synthetic_answers=decode_probabilities(_load(artifact, "synthetic_answers.npy")),
        )
        teacher._check(artifact.path)
        return teacher

    def save(self, folder: Path) -> None:
        """Write the arrays into `folder`; the tokenizer's file is for the caller to put there.

        Raises:
            ArtifactError: if there are more tokens than ids that two bytes can tell apart.
        """
        if len(self.token_vectors) > _MOST_TOKENS:
            raise ArtifactError(
                f"token_vectors: at most {_MOST_TOKENS} tokens, got {len(self.token_vectors)}"
            )
        lengths = [len(ids) for ids in self.synthetic_ids]
        _save(folder, "synthetic_ids", np.concatenate(self.synthetic_ids).astype(np.uint16))
        _save(folder, "synthetic_lengths", np.array(lengths, np.uint16))
        for name in ("answers", "synthetic_answers"):
            _save(folder, name, encode_probabilities(getattr(self, name)))
        for name in ("token_vectors", "features"):
            codes, scales = encode_columns(getattr(self, name))
            _save(folder, name, codes)
            _save(folder, f"{name}_scales", scales)
        (folder / LESSONS_FILE).write_text(f"{self.lessons_sha256}\n", encoding="ascii")

    def check_lessons(self, lessons: Lessons) -> None:
        """Make sure that the answers belong to these lessons.

        Raises:
            ArtifactError: if they are others; names both digests.
        """
        if lessons.digest != self.lessons_sha256:
            found = f"lessons of SHA-256 {lessons.digest}, the teacher read {self.lessons_sha256}"
            raise ArtifactError(f"{found}; `make teacher` trains one that has read them")

    def _check(self, path: Path) -> None:
        pairs = {
            "features.npy and answers.npy": (self.features, self.answers),
            "synthetic_lengths.npy and synthetic_answers.npy": (self.synthetic_ids, self.synthetic_answers),
        }
        for names, (one, other) in pairs.items():
            if len(one) != len(other):
                raise ArtifactError(f"{path}: {names}: {len(one)} rows and {len(other)}")


def encode_probabilities(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities in a byte each: a level of their square root."""
    return np.rint(np.sqrt(probabilities) * _LEVELS).astype(np.uint8)


def decode_probabilities(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities in [0, 1], within 0.004 of those encoded and nearer the smaller they are."""
    return np.square(codes.astype(np.float32) / _LEVELS)


def encode_columns(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Numbers <float32>[n, width] in a byte each, and the step <float32>[width] of each column."""
    scales = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float32).tiny) / _STEPS
    return np.rint(values / scales).astype(np.int8), scales.astype(np.float32)


def _load_columns(artifact: Artifact, name: str) -> NDArray[np.float32]:
    return _load(artifact, f"{name}.npy") * _load(artifact, f"{name}_scales.npy")


def _load(artifact: Artifact, name: str) -> NDArray[Any]:
    try:
        return np.load(artifact.file(name), allow_pickle=False)
    except ValueError as error:
        raise ArtifactError(f"{artifact.path / name}: {error}") from error


def _save(folder: Path, name: str, values: NDArray[np.generic]) -> None:
    np.save(folder / f"{name}.npy", values, allow_pickle=False)
