"""The retraining loop: which runs it makes, and what it says of their spread."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from training.music.config import MusicConfig
from training.reproduce import runs
from training.reproduce.runs import Corpora, run_seeds, spread
from training.text.seed.config import SeedConfig

pytestmark = pytest.mark.tensorflow


def test_spread_is_the_mean_and_the_deviation_of_a_sample() -> None:
    figures = [{"text": {"micro_precision": value}} for value in (0.5, 0.6, 0.7)]
    found = spread(figures, "text", "micro_precision")
    assert found.mean == pytest.approx(0.6)
    assert found.deviation == pytest.approx(0.1)
    assert math.isnan(spread(figures[:1], "text", "micro_precision").deviation)


def test_a_seed_trains_its_music_once_for_all_kinds_of_text_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[tuple[Any, ...]] = []

    def train_music(config: MusicConfig, rows: Any) -> None:
        trained.append(("music", config.seed))

    def train_text(config: SeedConfig, comments: Any) -> Any:
        trained.append(("text", config.seed, config.sample_weights))
        return SimpleNamespace(predict=lambda comments: None)

    monkeypatch.setattr(runs, "train_music", train_music)
    monkeypatch.setattr(runs, "train_text", train_text)
    monkeypatch.setattr(runs, "predict", lambda model, inputs: None)
    monkeypatch.setattr(runs, "evaluate", lambda *_: SimpleNamespace(summary=lambda: {"at": len(trained)}))
    some = SimpleNamespace(inputs=None, labels=None, moods=None)
    results = run_seeds(
        Corpora(some, some, some, some), SeedConfig(), MusicConfig(recipe="seed"), {"seed": 2, "none": 1}
    )
    assert trained == [
        ("music", 1),
        ("text", 1, "seed"),
        ("text", 1, "none"),
        ("music", 2),
        ("text", 2, "seed"),
    ]
    assert results == {"seed": [{"at": 2}, {"at": 5}], "none": [{"at": 3}]}
