"""Settings of the index job."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class IndexConfig:
    """How a music index is made."""

    data_dir: Path | None = None  # the data sets; None for where they lie by default
    splits: tuple[str, ...] = ("bal_train", "eval")
    encoder_version: int | None = None  # of the music encoder; None for the largest
    text_version: int | None = None  # of the text encoder; None for the largest
    checked_rows: int = 100  # rows that must find themselves before the index is published
    seed: int = 1  # of the draws behind the prices and of the choice of checked rows
