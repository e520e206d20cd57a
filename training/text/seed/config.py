"""Settings of the seed's network."""

from dataclasses import dataclass
from typing import Literal, get_args

SampleWeights = Literal["seed", "corrected", "none"]
SAMPLE_WEIGHTS: tuple[SampleWeights, ...] = get_args(SampleWeights)


@dataclass(frozen=True)
class SeedConfig:
    """How the seed trains its network; the defaults are the seed's."""

    seed: int = 1  # of every random number
    min_word_count: int = 15  # occurrences in train that make a word known
    epochs: int = 3
    batch_size: int = 128  # comments
    learning_rate: float = 1e-3  # of Adam
    sample_weights: SampleWeights = "seed"
