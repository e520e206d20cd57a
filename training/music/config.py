"""Settings of the music job; the defaults are the seed's, but for the split it learns from."""

from dataclasses import dataclass
from typing import Literal, get_args

Split = Literal["bal_train", "unbal_train"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class MusicConfig:
    """How a music encoder is trained.

    The seed learns from the 16,114 mood rows of `unbal_train`, in five epochs of 126 batches. `bal_train`
    has 421; the number of batches stays, so each row is seen 190 times.
    """

    recipe: Literal["seed"] = "seed"
    seed: int = 1  # of every random number
    split: Split = "bal_train"
    steps: int = 630  # batches
    batch_size: int = 128  # mood rows
    learning_rate: float = 1e-3  # of Adam
    input_noise: float = 0.05  # standard deviation of the Gaussian noise on features of [-2, 2]
    folds: int = 5  # of the cross-validation behind the published quality
