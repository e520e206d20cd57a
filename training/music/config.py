"""Settings of the music job."""

from dataclasses import dataclass, field
from typing import Literal, get_args

Split = Literal["bal_train", "unbal_train"]
SPLITS: tuple[Split, ...] = get_args(Split)

RecipeName = Literal["linear", "seed"]
RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)


@dataclass(frozen=True)
class NetworkConfig:
    """How the seed's network is trained.

    The seed learns from the 16,114 mood rows of `unbal_train`, in five epochs of 126 batches. Where that
    split isn't there, `bal_train` and its 421 rows must do; the number of batches stays, so each is seen 190
    times.
    """

    steps: int = 630  # batches
    batch_size: int = 128  # mood rows
    learning_rate: float = 1e-3  # of Adam
    input_noise: float = 0.05  # standard deviation of the Gaussian noise on features of [-2, 2]


@dataclass(frozen=True)
class MusicConfig:
    """How a music encoder is trained; the defaults are the released one's."""

    recipe: RecipeName = "linear"
    seed: int = 1  # of every random number
    split: Split | None = None  # of AudioSet; None for the larger one that is there
    folds: int = 10  # of the cross-validation behind the published quality and the temperature
    inverse_penalty: float = 0.005  # C of the linear recipe's logistic regression
    network: NetworkConfig = field(default_factory=NetworkConfig)  # of the seed's recipe
