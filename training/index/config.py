"""Settings of the index job."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IndexConfig:
    """How a music index is made."""

    splits: tuple[str, ...] = ("bal_train", "eval")
    encoder_version: int | None = None  # of the music encoder; None for the largest
    text_version: int | None = None  # of the text encoder; None for the largest
    checked_rows: int = 100  # rows that must find themselves before the index is published
    seed: int = 1  # of the draws behind the prices and of the choice of checked rows
