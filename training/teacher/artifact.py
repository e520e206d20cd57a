"""What a teacher leaves behind for the student, on disk and in memory.

Written by `training.teacher`, read by `training.text`; needs numpy alone. Of the train comments it holds
what the teacher thinks of each, in the order of train.tsv, and never their words.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact, file_sha256
from ambiance.errors import ArtifactError
from training.data.goemotions import FOLDER

TOKENIZER_FILE = "tokenizer.json"
TRAIN = f"{FOLDER}/train.tsv"  # as the manifest's origin names it

_LEVELS = 255  # of a probability, spaced evenly over its square root: small ones keep their digits
_STEPS = 127  # of a number, on either side of 0
_MOST_TOKENS = 1 << 16


@dataclass(frozen=True)
class Teacher:
    """Everything the student learns from, apart from the train comments themselves."""

    tokenizer_file: Path  # of the `tokenizers` library: PAD is id 0, UNKNOWN id 1, no special tokens added
    token_vectors: NDArray[np.float32]  # [tokens, width] a start for the student's token table
    train_soft_labels: NDArray[
        np.float32
    ]  # [comments, 28] probability of each emotion, in order of train.tsv
    train_features: NDArray[np.float32]  # [comments, components] of the teacher's pooled output
    train_sha256: str  # of train.tsv
    synthetic_ids: tuple[NDArray[np.int32], ...]  # token ids of each made-up text, at least one
    synthetic_soft_labels: NDArray[np.float32]  # [synthetic texts, 28]

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
            train_soft_labels=decode_probabilities(_load(artifact, "train_soft_labels.npy")),
            train_features=_load_columns(artifact, "train_features"),
            train_sha256=artifact.manifest.origin.datasets[TRAIN],
            synthetic_ids=tuple(np.split(flat.astype(np.int32), np.cumsum(lengths[:-1], dtype=np.int64))),
            synthetic_soft_labels=decode_probabilities(_load(artifact, "synthetic_soft_labels.npy")),
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
        for name in ("train_soft_labels", "synthetic_soft_labels"):
            _save(folder, name, encode_probabilities(getattr(self, name)))
        for name in ("token_vectors", "train_features"):
            codes, scales = encode_columns(getattr(self, name))
            _save(folder, name, codes)
            _save(folder, f"{name}_scales", scales)

    def check_train(self, data_dir: Path) -> None:
        """Make sure that train.tsv is the one whose comments the soft labels belong to.

        Raises:
            ArtifactError: if it is another; names both digests.
        """
        found = file_sha256(data_dir / TRAIN)
        if found != self.train_sha256:
            raise ArtifactError(f"{data_dir / TRAIN}: SHA-256 {found}, the teacher read {self.train_sha256}")

    def _check(self, path: Path) -> None:
        pairs = {
            "train_features.npy and train_soft_labels.npy": (self.train_features, self.train_soft_labels),
            "synthetic_lengths.npy and synthetic_soft_labels.npy": (
                self.synthetic_ids,
                self.synthetic_soft_labels,
            ),
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
