"""From a little section of known answers to figures, report, plots and model card."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pytest

from ambiance.affect import EMOTIONS, FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.artifacts import (
    MUSIC_ENCODER,
    MUSIC_INDEX,
    TEXT_ENCODER,
    Description,
    Manifest,
    Origin,
    publish,
    versions,
)
from training.evaluate.acceptable import PROTOCOL
from training.evaluate.card_tables import facet_table, listener_table
from training.evaluate.figures import section_figures, usage_figures
from training.evaluate.headline import HEADLINES, LISTENER_FIGURES
from training.evaluate.headline_figures import headline, headline_intervals
from training.evaluate.model_card import TEMPLATE_FILE, Measured, load_manifests, model_card
from training.evaluate.plots import write_plots
from training.evaluate.released import LARGE
from training.evaluate.report_file import write_report
from training.evaluate.split_predictions import HeardRows, ReadComments, SplitPredictions
from training.evaluate.tables import headline_table, markdown_table

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS, CARD = REPOSITORY / "artifacts", REPOSITORY / "docs" / "MODEL_CARD.md"


def posterior(labels: np.ndarray, classes: int) -> np.ndarray:
    """Three quarters on the label, the rest spread evenly."""
    return (0.75 * np.eye(classes) + 0.25 / classes)[labels].astype(np.float32)


@pytest.fixture(scope="module")
def section() -> SplitPredictions:
    """56 comments, two of each emotion, and 70 mood rows, ten of each mood, all of them read rightly."""
    emotions, moods = np.tile(np.arange(28), 2), np.tile(np.arange(7), 10)
    emotion_posterior, mood_posterior = posterior(emotions, 28), posterior(moods, 7)
    # A comment asks near the mood that is nearest to its emotion, and the rows lie near their moods.
    rng, at = np.random.default_rng(0), np.eye(7, dtype=np.float32)
    queries = at[MOODS.nearest(EMOTIONS.vad)[emotions]] + rng.normal(0, 0.02, (56, 7)).astype(np.float32)
    vectors = at[moods] + rng.normal(0, 0.02, (70, 7)).astype(np.float32)
    comments = ReadComments([(emotion,) for emotion in emotions.tolist()], emotion_posterior, queries)
    rows = HeardRows(np.arange(70), moods, mood_posterior, vectors)
    return SplitPredictions(comments, rows, np.eye(7, dtype=np.float32).repeat(3, axis=0))


LISTENED = {
    "listener_fit": 0.9,
    "listener_jar": 0.03,
    "listener_mostly_jarring": 0.02,
    "listener_fit_chance": 0.357,
    "listener_jar_chance": 0.268,
    "mood_fit": 0.7,
    "mood_jar": 0.035,
    "captions_fit": 0.6,
    "captions_fit_chance": 0.2,
    "captions_fit_lift": 3.2,
    "captions_jar": 0.05,
    "captions_jar_chance": 0.21,
    "scene_told": 0.8,
    "called_neutral": 0.123,
    "fallback": 0.045,
}


def listened() -> dict[str, Any]:
    """A half of the benchmark, as `evaluation_report` has it."""
    part = LISTENED | {"texts": 20}
    by = {"scene": ("joy", "grief"), "kind": ("plain", "irony"), "register": ("diary", "verse")}
    groups = {kind: dict.fromkeys(names, part) for kind, names in by.items()}
    return {"texts": 40, "figures": LISTENED, "by": groups}


@pytest.fixture(scope="module")
def report(section: SplitPredictions) -> dict[str, Any]:
    """A report as `evaluation_report` lays it out, both of its sections from one."""
    figures = section_figures(section) | {"listener": listened()}
    own = {name: LISTENED[name] for name in LISTENER_FIGURES}
    figures["headline"] |= own
    figures["intervals"] = headline_intervals(section, 20) | {name: (v, v) for name, v in own.items()}
    both = {"validation": figures["headline"], "test": figures["headline"]}
    spread = {figure.name: {"mean": 0.5, "deviation": 0.01} for figure in HEADLINES}
    return {
        "versions": {TEXT_ENCODER: 2, MUSIC_ENCODER: 2, MUSIC_INDEX: 2},
        "seed": 1,
        "targets": {figure.name: figure.target for figure in HEADLINES},
        "released": {"validation": figures, "test": figures},
        "seeds": {"1": both, "2": both},
        "spread": {"validation": spread, "test": spread},
    }


@pytest.fixture(scope="module")
def manifests() -> dict[str, Manifest]:
    return {kind: manifest(kind) for kind in (TEXT_ENCODER, MUSIC_ENCODER, MUSIC_INDEX)}


TRAIT_FIGURES = {"auc": 0.76, "lift": 3.21, "share": 0.12, "calibration_error": 0.02}
HEARD = dict.fromkeys(FACETS, TRAIT_FIGURES | {"judged_auc": 0.87}) | dict.fromkeys(TRAITS, TRAIT_FIGURES)


def manifest(kind: str) -> Manifest:
    """Of a kind, with all that the cards of the three kinds are filled from."""
    long_texts = {"4": {"emotion_kept": 0.9, "vad_moved": 0.2, "stays_neutral": 1.0, "texts": 10}}
    quality = {
        "milliseconds_a_sentence": 0.123,
        "largest_differences": {"emotions": 0.004},
        "long_texts": {"served": long_texts},
        "distress": {
            "recall": 0.911,
            "false_alarms_on_comments": 0.0123,
            "false_alarms_on_look_alikes": 0.077,
        },
        "emobank_dev": dict.fromkeys(VAD_AXES, 0.654),
        "bal_train_captions_cross_validation": {
            "facets": HEARD,
            "vad": dict.fromkeys(VAD_AXES, 0.432),
        },
        "match_probability": {
            "expected_calibration_error": 0.021,
            "brier_score": 0.199,
            "constant_brier_score": 0.234,
        },
        "most_fit_lost_to_variety": 0.5,
    }
    origin = Origin(
        recipe=f"make {kind}", seed=1, code_revision="", datasets={}, libraries={}, notices=["Thanks."]
    )
    return Manifest(
        kind=kind,
        spaces=[],
        counts={"clips": 12_642, "listenable_clips": 9_876, "judged_texts": 25_772, "parameters": 843_705},
        origin=origin,
        quality=quality,
        format_version=1,
        version=2,
        files=[],
    )


def test_perfect_readings_score_one(section: SplitPredictions) -> None:
    figures = headline(section)
    assert {*figures, *LISTENER_FIGURES} == {figure.name for figure in HEADLINES}
    for name in (
        "ekman_micro_precision",
        "ekman_macro_precision",
        "music_micro_precision",
        "music_macro_precision",
    ):
        assert figures[name] == 1
    tuned = replace(section, tuning=section.comments)
    assert headline(tuned)["ekman_macro_f1"] == headline(tuned)["emotion_macro_f1"] == 1


def test_connection_is_judged_by_the_protocols_table(section: SplitPredictions) -> None:
    precision = section_figures(section)["connection"]["precision_at_k"]["protocol"]["all"]
    answers = MOODS.nearest(EMOTIONS.vad)  # of each emotion once: all ten hits are of the nearest mood
    right = np.mean(PROTOCOL[np.arange(28), answers])
    assert precision["1"] == precision["10"] == pytest.approx(right, abs=1e-6)
    assert 0 < right < 1  # the protocol knows five moods only, so that some nearest mood isn't right


def test_shares_and_coverage_of_the_library(section: SplitPredictions) -> None:
    figures = section_figures(section)
    assert figures["library"]["clips"] == 21
    assert figures["headline"]["library_largest_share"] == figures["library"]["largest_share"]
    assert figures["headline"]["library_coverage_at_10"] == figures["library"]["coverage_at_10"]


def test_hubness_is_skewness_of_how_often_a_clip_answers() -> None:
    even = usage_figures(np.array([[0, 1], [2, 3]]), 4)
    assert (even["hubness"], even["coverage_at_10"], even["largest_share"]) == (0, 1, 0.5)
    hub = usage_figures(np.array([[0, 1], [0, 2], [0, 3], [0, 4]]), 9)
    often = np.array([4, 1, 1, 1, 1, 0, 0, 0, 0])
    assert hub["hubness"] == pytest.approx(np.mean(((often - often.mean()) / often.std()) ** 3), abs=1e-6)
    assert hub["coverage_at_1"] == pytest.approx(1 / 9, abs=1e-6)


def test_intervals_hold_the_figures(section: SplitPredictions) -> None:
    values, intervals = headline(section), headline_intervals(section, 50)
    assert all(low <= values[name] <= high for name, (low, high) in intervals.items())
    assert intervals == headline_intervals(section, 50)


def test_plots_are_small_files(report: dict[str, Any], section: SplitPredictions, tmp_path: Path) -> None:
    write_plots(report, section, tmp_path / "plots")
    sizes = {plot.name: plot.stat().st_size for plot in (tmp_path / "plots").iterdir()}
    assert set(sizes) == {
        f"{name}.png" for name in ("confusion", "listener", "reliability", "seeds", "shares")
    }
    assert max(sizes.values()) < 100_000


def test_the_card_says_what_was_missed(report: dict[str, Any], manifests: dict[str, Manifest]) -> None:
    card = model_card(report, manifests)
    assert "- Ekman-7 macro-F1: 0.500, the target is 0.62.\n" in card
    assert "- 28-label macro-F1" not in card
    assert "`text_encoder` version 2" in card
    assert card.count("- Thanks.\n") == 1


def test_the_card_sets_the_larger_release_beside_the_default(
    report: dict[str, Any], manifests: dict[str, Manifest]
) -> None:
    assert "None is released." in model_card(report, manifests)
    encoder = manifests[TEXT_ENCODER]
    slower = encoder.quality | {"milliseconds_a_sentence": 1.234}
    thanks = encoder.origin.model_copy(update={"notices": ["Thanks.", "Thanks to others, too."]})
    larger = encoder.model_copy(update={"quality": slower, "origin": thanks})
    card = model_card(report, manifests, Measured(report, manifests | {TEXT_ENCODER: larger}))
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in card.splitlines() if line[:1] == "|"]
    assert ["one sentence, ms", "0.12", "1.23"] in rows
    assert ["scene told", "0.800", "0.800"] in rows
    assert card.count("\nThanks to others, too.\n") == 1


def test_the_card_leaves_nothing_unfilled(report: dict[str, Any], manifests: dict[str, Manifest]) -> None:
    card = model_card(report, manifests)
    template = TEMPLATE_FILE.read_text(encoding="utf-8")
    assert len(list(Template.pattern.finditer(template))) > 20
    assert Template.pattern.search(card) is None
    assert "nan" not in card.split()


def test_the_card_says_what_a_listener_gets_and_how_well_facets_are_heard(
    report: dict[str, Any], manifests: dict[str, Manifest]
) -> None:
    card = model_card(report, manifests)
    assert listener_table(listened()) in card
    assert facet_table(HEARD) in card
    for told in ("9,876", "0.911", "1.23%", "0.077", "0.021", "0.123", "0.045", "25,772", "0.357", "0.268"):
        assert told in card


def test_the_listeners_table_has_a_line_for_each_kind_of_text() -> None:
    header, _, *lines = listener_table(listened()).splitlines()
    assert [line.split("|")[1].strip() for line in lines] == [
        "joy",
        "grief",
        "plain",
        "irony",
        "diary",
        "verse",
    ]
    assert [cell.strip() for cell in header.strip("|").split("|")][:3] == ["texts", "number", "facet fits"]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == [
        "joy",
        "20",
        "0.900",
        "0.030",
        "0.020",
        "0.700",
        "0.035",
        "3.200",
        "0.050",
        "0.800",
    ]


def test_the_table_of_facets_tells_judgements_from_words() -> None:
    header, _, *lines = facet_table({name: HEARD[name] for name in ("calm", "vocal")}).splitlines()
    assert [[cell.strip() for cell in row[1:-1].split("|")] for row in (header, *lines)] == [
        ["facet", "AUC as judged", "AUC", "average precision / chance", "said of", "calibration error"],
        ["calm", "0.87", "0.76", "3.21", "0.12", "0.02"],
        ["vocal", "", "0.76", "3.21", "0.12", "0.02"],  # traits weren't judged
    ]


def test_the_figures_that_gate_are_the_listeners_and_what_texts_tell() -> None:
    gating = {figure.name for figure in HEADLINES if figure.gates}
    assert gating == {*LISTENER_FIGURES, "ekman_macro_f1", "emotion_macro_f1"}


def test_headlines_without_seeds_are_judged_by_the_release(report: dict[str, Any]) -> None:
    alone = report | {"spread": {"validation": {}, "test": {}}}
    line = next(line for line in headline_table(alone, "test").splitlines() if "seed protocol, micro" in line)
    assert [cell.strip() for cell in line.strip("|").split("|")][1:4] == ["≥ 0.68", "-", "1.000"]
    assert line.endswith("yes |")


def test_tables_are_aligned() -> None:
    assert markdown_table(("a", "long"), [("bb", "1")]).splitlines() == [
        "| a  | long |",
        "| -- | ---: |",
        "| bb |    1 |",
    ]


def test_the_committed_card_is_what_its_figures_give() -> None:
    if not CARD.is_file():
        pytest.skip("no model card is written yet")
    measured, large = Measured.load(ARTIFACTS), Measured.load(ARTIFACTS / LARGE)
    card = model_card(measured.report, measured.manifests, large)
    assert CARD.read_text(encoding="utf-8") == card
    for root, report in ((ARTIFACTS, measured.report), (ARTIFACTS / LARGE, large.report)):
        assert report["versions"] == {kind: versions(root, kind)[-1] for kind in report["versions"]}


def test_the_card_alone_is_written_from_what_is_there(
    report: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    main = importlib.import_module("training.evaluate.__main__").main
    for kind, version in report["versions"].items():
        described = manifest(kind)
        fields = {name: getattr(described, name) for name in Description.model_fields}
        for _ in range(version):
            publish(tmp_path, Description(**fields), lambda folder: None)
    write_report(report, tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["evaluate", "--card-only", "--artifacts", str(tmp_path), "--docs", str(tmp_path)]
    )
    main()
    written = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert written == model_card(report, load_manifests(tmp_path, report["versions"]))
    assert headline_table(report, "test") in capsys.readouterr().out
