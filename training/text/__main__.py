"""`python -m training.text`: train the text encoder and publish its next version."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.text") as extra:
    from ambiance.artifacts import Artifact
    from training.regression.fitting import use_one_core
    from training.text.config import RECIPES, Recipe, TextConfig
    from training.text.job import RecipeConfig, default_config, run
    from training.text.recipes.seed import SeedRecipeConfig
    from training.text.seed.config import SAMPLE_WEIGHTS

_DEFAULT_RECIPE: Recipe = "distilled"


@extra
def main() -> None:
    """Read the flags, run the job, say what was published."""
    flags = _parse_flags()
    config = _config(flags)
    if config.recipe != "large":  # on one core it takes an hour and more
        use_one_core()
    try:
        artifact = run(config, flags.artifacts, verbose=True)
    except AmbianceError as error:
        sys.exit(str(error))
    print(_published_line(artifact))


def _config(flags: argparse.Namespace) -> RecipeConfig:
    """The recipe's settings, but for what the flags say."""
    config = replace(
        default_config(flags.recipe),
        seed=flags.seed,
        teacher_root=flags.teacher_artifacts,
        teacher_version=flags.teacher_version,
    )
    if isinstance(config, SeedRecipeConfig):
        return replace(config, sample_weights=flags.sample_weights)
    return config


def _parse_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.text", description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--recipe", choices=RECIPES, default=_DEFAULT_RECIPE)
    parser.add_argument("--seed", type=int, default=TextConfig.seed, help="of every random number")
    parser.add_argument(
        "--teacher-artifacts",
        type=Path,
        help="folder of the teacher, for recipes distilled and large; --artifacts by default",
    )
    parser.add_argument("--teacher-version", type=int, help="the newest by default")
    parser.add_argument(
        "--sample-weights",
        choices=SAMPLE_WEIGHTS,
        default=SeedRecipeConfig.sample_weights,
        help="of recipe seed",
    )
    return parser.parse_args()


def _published_line(artifact: Artifact) -> str:
    """Where the version was published, and the headline figures it was published with."""
    dev = artifact.manifest.quality["goemotions_dev"]
    names = (
        "ekman_macro_f1",
        "emotion_macro_f1",
        "micro_precision",
        "macro_precision",
        "expected_calibration_error",
    )
    figures = ", ".join(f"{name.replace('_', ' ')} {dev[name]:.3f}" for name in names)
    rated, told = (artifact.manifest.quality[name] for name in ("emobank_dev", "distress"))
    figures += "; emobank dev: " + ", ".join(f"{axis} r {r:.3f}" for axis, r in rated.items())
    figures += f"; distress recall {told['recall']:.3f}, {told['false_alarms_on_comments']:.2%} of comments"
    milliseconds = artifact.manifest.quality["milliseconds_a_sentence"]
    return f"{artifact.path}: goemotions dev: {figures}; {milliseconds:.3f} ms a sentence"


if __name__ == "__main__":
    main()
