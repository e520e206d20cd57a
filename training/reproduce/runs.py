"""Trains and evaluates the seed's system from one random seed after another. Publishes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from training.data.goemotions import Comments, load_comments
from training.metrics.seed_protocol import evaluate
from training.music.config import MusicConfig
from training.music.mood_rows import MoodRows, load_mood_rows
from training.music.train import train as train_music
from training.regression.fitting import predict
from training.reproduce.published import Spread
from training.text.seed.config import SampleWeights, SeedConfig
from training.text.seed.train import train as train_text

Figures = dict[str, dict[str, Any]]  # part -> figure -> value, as Evaluation.summary() has them


@dataclass(frozen=True)
class Corpora:
    """The splits that the seed learns from and those that it is measured on."""

    train_comments: Comments
    test_comments: Comments
    train_rows: MoodRows
    eval_rows: MoodRows


def load_corpora(data_dir: Path, music: MusicConfig) -> Corpora:
    """Read all four; the music settings name their split.

    Raises:
        DataError: if a data set is missing or damaged.
    """
    return Corpora(
        load_comments(data_dir, "train"),
        load_comments(data_dir, "test"),
        load_mood_rows(data_dir, str(music.split)),
        load_mood_rows(data_dir, "eval"),
    )


def run_seeds(
    corpora: Corpora, text: SeedConfig, music: MusicConfig, run_counts: Mapping[SampleWeights, int]
) -> dict[SampleWeights, list[Figures]]:
    """Train and evaluate seeds 1, 2, ...: so many for each kind of text weights. A seed's music is shared."""
    with tqdm(total=sum(run_counts.values()), desc="training", unit=" runs") as bar:
        results: dict[SampleWeights, list[Figures]] = {weights: [] for weights in run_counts}
        for seed in range(1, max(run_counts.values()) + 1):
            kinds = [weights for weights, count in run_counts.items() if seed <= count]
            texts = [replace(text, seed=seed, sample_weights=weights) for weights in kinds]
            for config, figures in _run(corpora, texts, replace(music, seed=seed)):
                results[config.sample_weights].append(figures)
                bar.update()
    return results


def spread(runs: Sequence[Figures], part: str, figure: str) -> Spread:
    """Mean and standard deviation of one figure; a single run has a deviation of NaN."""
    values = np.array([run[part][figure] for run in runs])
    deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return Spread(float(values.mean()), deviation)


def _run(
    corpora: Corpora, texts: Sequence[SeedConfig], music: MusicConfig
) -> Iterator[tuple[SeedConfig, Figures]]:
    music_vad = predict(train_music(music, corpora.train_rows), corpora.eval_rows.inputs)
    for text in texts:
        text_vad = train_text(text, corpora.train_comments).predict(corpora.test_comments)
        evaluation = evaluate(text_vad, corpora.test_comments.labels, music_vad, corpora.eval_rows.moods)
        yield text, evaluation.summary()
        keras.backend.clear_session()  # graphs of past runs would pile up
