"""The text job: read the lessons, train by a recipe, fit the mood space, measure on dev, publish."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ambiance.artifacts import TEXT_TEACHER, Artifact, load, publish
from ambiance.pooling import pool
from training.data.emobank import load_emobank
from training.data.sources import data_dir
from training.data.written import load_distress
from training.listener.files import DISTRESS_BENCHMARK
from training.metrics.text_quality import dev_figures, distress_figures, rating_figures
from training.space.space import fit_space
from training.teacher.artifact import Teacher
from training.text.config import Recipe, TextConfig
from training.text.corpus import Corpus, load_corpus
from training.text.describe import describe
from training.text.encode import pool_by_length, read_folder
from training.text.export import write_encoder
from training.text.latency import milliseconds_a_sentence
from training.text.long_texts import long_text_figures
from training.text.recipes import bag, distilled, large, seed
from training.text.trained import EMBEDDING, TrainedText

RecipeConfig = distilled.DistilledConfig | large.LargeConfig | bag.BagConfig | seed.SeedRecipeConfig

_CONFIGS: Mapping[Recipe, type[RecipeConfig]] = {
    "distilled": distilled.DistilledConfig,
    "large": large.LargeConfig,
    "bag": bag.BagConfig,
    "seed": seed.SeedRecipeConfig,
}
_TIMED_TEXTS = 1000
_SPREAD_TEXTS = 20_000  # of the lessons, that the space's spread follows; the large network takes 4 ms each


def default_config(recipe: Recipe) -> RecipeConfig:
    """The settings of a recipe as it is released."""
    return _CONFIGS[recipe]()


def run(config: RecipeConfig, artifacts_root: Path, verbose: bool = False) -> Artifact:
    """Train on the train split, choose and measure on dev (never on test), publish the next version.

    Args:
        config: of the recipe that is to be followed.
        artifacts_root: where to publish.
        verbose: show progress.

    Raises:
        DataError: if a corpus is missing or damaged; names file and line.
        ArtifactError: if the teacher is missing, damaged, or read other lessons.
        ExportError: if an export strays from the network.
    """
    folder, teacher = data_dir(), None
    if config.recipe in ("distilled", "large"):
        teacher = load(config.teacher_root or artifacts_root, TEXT_TEACHER, config.teacher_version)
    corpus = _load_corpus(folder, teacher)
    trained = _train(config, corpus, verbose)
    every = max(1, len(corpus.lessons) // _SPREAD_TEXTS)
    space = fit_space(trained.read_first_windows(corpus.lessons.texts[::every])[EMBEDDING], trained.identity)
    with tempfile.TemporaryDirectory() as name:
        draft = Path(name)
        differences = write_encoder(draft, trained, space, corpus.dev.texts)
        quality = measure(draft, folder, config, trained, corpus) | {"largest_differences": differences}
        description = describe(config, folder, trained, space, corpus, teacher, quality)
        return publish(artifacts_root, description, partial(shutil.copytree, draft, dirs_exist_ok=True))


def _train(config: RecipeConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    match config:
        case distilled.DistilledConfig():
            return distilled.train(config, corpus, verbose)
        case large.LargeConfig():
            return large.train(config, corpus, verbose)
        case bag.BagConfig():
            return bag.train(config, corpus, verbose)
        case seed.SeedRecipeConfig():
            return seed.train(config, corpus, verbose)


def _load_corpus(folder: Path, teacher: Artifact | None) -> Corpus:
    corpus = load_corpus(folder)
    if teacher is None:
        return corpus
    read = Teacher.load(teacher)
    read.check_lessons(corpus.lessons)
    return replace(corpus, teacher=read)


def measure(
    folder: Path, data: Path, config: TextConfig, trained: TrainedText, corpus: Corpus
) -> dict[str, Any]:
    """Everything measured on what chose settings, with the files of `folder` that are to be published."""
    comments = read_folder(folder, corpus.dev.texts)
    rated, distressed = load_emobank(data, "dev"), load_distress(DISTRESS_BENCHMARK)
    poolings = {"served": pool, "by_length": pool_by_length}
    return {
        "goemotions_dev": dev_figures(comments.emotions, corpus.dev.labels, config.seed)
        | dict(trained.quality),
        "emobank_dev": rating_figures(read_folder(folder, rated.texts).vad, rated.vad),
        "distress": distress_figures(
            read_folder(folder, distressed.texts).distress, distressed.distress, comments.distress
        ),
        "long_texts": {
            name: long_text_figures(
                partial(read_folder, folder, pooling=pooling), corpus.dev, np.random.default_rng(config.seed)
            )
            for name, pooling in poolings.items()
        },
        "milliseconds_a_sentence": milliseconds_a_sentence(folder, corpus.dev.texts[:_TIMED_TEXTS]),
    }
