"""Settings of the text job; the defaults are the seed's."""

from dataclasses import dataclass
from typing import Literal, get_args

SampleWeights = Literal["seed", "corrected", "none"]
SAMPLE_WEIGHTS: tuple[SampleWeights, ...] = get_args(SampleWeights)


@dataclass(frozen=True)
class TextConfig:
    """How a text encoder is trained."""

    recipe: Literal["seed"] = "seed"
    seed: int = 1  # of every random number
    min_word_count: int = 15  # occurrences in train that make a word known
    epochs: int = 3
    batch_size: int = 128  # comments
    learning_rate: float = 1e-3  # of Adam
    sample_weights: SampleWeights = "seed"
