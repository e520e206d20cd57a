"""Settings of the text job that all recipes share; each recipe adds its own beside its `train`."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

Recipe = Literal["distilled", "large", "bag", "seed"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)


@dataclass(frozen=True)
class TextConfig:
    """How a text encoder is trained, whatever the recipe."""

    recipe: ClassVar[Recipe]
    seed: int = 1  # of every random number
    window: int = 32  # tokens that the network reads at once; the recipe `seed` reads 30
    teacher_root: Path | None = None  # where `text_teacher` lies; None for where the encoder goes
    teacher_version: int | None = None  # of `text_teacher`; None for the newest
