"""`docs/MODEL_CARD.md`: the template beside this file, filled from `evaluation.json` and the manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from ambiance.affect import VAD_AXES
from ambiance.artifacts import MUSIC_ENCODER, MUSIC_INDEX, TEXT_ENCODER, Manifest, load
from training.evaluate.card_tables import (
    answer_table,
    class_table,
    facet_table,
    large_table,
    listener_table,
    long_text_table,
    precision_at_k_table,
    usage_table,
)
from training.evaluate.headline import HEADLINES
from training.evaluate.report_file import read_report
from training.evaluate.tables import headline_table, markdown_table, number, ratio, target

TEMPLATE_FILE = Path(__file__).with_suffix(".md")

Report = Mapping[str, Any]
Manifests = Mapping[str, Manifest]  # by kind


@dataclass(frozen=True)
class Measured:
    """A release's report and its manifests."""

    report: Report
    manifests: Manifests

    @classmethod
    def load(cls, root: Path) -> "Measured":
        """Read both from under a root.

        Raises:
            ArtifactError: as `read_report` and `load_manifests`.
        """
        report = read_report(root)
        return cls(report, load_manifests(root, report["versions"]))


def load_manifests(root: Path, versions: Mapping[str, int]) -> dict[str, Manifest]:
    """The manifests of the versions that a report is about.

    Raises:
        ArtifactError: if one is missing or damaged.
    """
    return {kind: load(root, kind, version).manifest for kind, version in versions.items()}


def model_card(report: Report, manifests: Manifests, large: Measured | None = None) -> str:
    """The card; the same arguments give the same text. `large` is the larger release beside this one."""
    test = report["released"]["test"]
    return Template(TEMPLATE_FILE.read_text(encoding="utf-8")).substitute(
        _releases(report, manifests)
        | _headlines(report)
        | _listener(report, manifests)
        | _text(test["text"], manifests[TEXT_ENCODER].quality)
        | _music(test["music"], manifests[MUSIC_ENCODER].quality)
        | _connection(test)
        | {"large": _large(Measured(report, manifests), large) if large else "None is released."}
    )


def _large(default: Measured, large: Measured) -> str:
    """What the larger text encoder gives for its time."""
    columns = [_sizes(each) | _gains(each) for each in (default, large)]
    common = _notices(default.manifests)
    own = [notice for notice in _notices(large.manifests) if notice not in common]
    return "\n\n".join([large_table(*columns), *own])


def _sizes(measured: Measured) -> dict[str, str]:
    encoder = measured.manifests[TEXT_ENCODER]
    return {
        "version": str(encoder.version),
        "parameters": f"{encoder.counts['parameters']:,}",
        "text encoder, MB": f"{_megabytes(encoder):.1f}",
        "one sentence, ms": f"{encoder.quality['milliseconds_a_sentence']:.2f}",
    }


def _gains(measured: Measured) -> dict[str, str]:
    """Figures of the test sections, and on dev what the manifest tells."""
    test, encoder = measured.report["released"]["test"], measured.manifests[TEXT_ENCODER]
    by_headline = {
        figure.title: number(figure, test["headline"][figure.name]) for figure in HEADLINES if figure.gates
    }
    told = {"scene told": ratio(test["listener"]["figures"]["scene_told"])}
    rated = {f"EmoBank dev, r of {axis}": ratio(encoder.quality["emobank_dev"][axis]) for axis in VAD_AXES}
    distress = encoder.quality["distress"]
    return (
        by_headline
        | told
        | rated
        | {
            "distress: recall": ratio(distress["recall"]),
            "distress: false alarms on dev comments": f"{distress['false_alarms_on_comments']:.2%}",
        }
    )


def _notices(manifests: Manifests) -> dict[str, None]:
    """What users of any of the artifacts must see, each notice once."""
    return dict.fromkeys(notice for manifest in manifests.values() for notice in manifest.origin.notices)


def _releases(report: Report, manifests: Manifests) -> dict[str, str]:
    versions = (
        f"- `{kind}` version {manifest.version}, {_megabytes(manifest):.2f} MB: `{manifest.origin.recipe}`"
        for kind, manifest in manifests.items()
    )
    counts = [
        (f"`{kind}`: {name.replace('_', ' ')}", f"{count:,}")
        for kind, manifest in manifests.items()
        for name, count in manifest.counts.items()
    ]
    return {
        "versions": "\n".join(versions),
        "seed": str(report["seed"]),
        "library_clips": f"{manifests[MUSIC_INDEX].counts['clips']:,}",
        "notices": "\n".join(f"- {notice}" for notice in _notices(manifests)),
        "counts": markdown_table(("what", "number"), counts),
    }


def _headlines(report: Report) -> dict[str, str]:
    return {
        "seed_count": str(len(report["seeds"])),
        "test_headline": headline_table(report, "test"),
        "validation_headline": headline_table(report, "validation"),
        "missed": _missed(report),
    }


def _missed(report: Report) -> str:
    spread, headline = report["spread"]["test"], report["released"]["test"]["headline"]
    means = {name: spread[name]["mean"] if spread else value for name, value in headline.items()}
    lines = [
        f"- {figure.title}: {number(figure, means[figure.name])}, the target is {target(figure)}."
        for figure in HEADLINES
        if not figure.meets(means[figure.name])
    ]
    return "\n".join(["Missed:", "", *lines]) if lines else "Every target is met."


def _listener(report: Report, manifests: Manifests) -> dict[str, str]:
    test, validation = (report["released"][section]["listener"] for section in ("test", "validation"))
    index, told = manifests[MUSIC_INDEX], manifests[TEXT_ENCODER].quality["distress"]
    match = index.quality["match_probability"]
    return {
        "benchmark_test": str(test["texts"]),
        "benchmark_dev": str(validation["texts"]),
        **{
            name: ratio(test["figures"][name])
            for name in ("listener_fit_chance", "listener_jar_chance", "captions_jar_chance")
        },
        "judged_texts": f"{manifests[TEXT_ENCODER].counts['judged_texts']:,}",
        "called_neutral": ratio(test["figures"]["called_neutral"]),
        "fallbacks": ratio(test["figures"]["fallback"]),
        "listener": listener_table(test),
        "listenable_clips": f"{index.counts['listenable_clips']:,}",
        "fit_lost": f"{index.quality['most_fit_lost_to_variety']:.2f}",
        "match_calibration": ratio(match["expected_calibration_error"]),
        "match_brier": ratio(match["brier_score"]),
        "constant_brier": ratio(match["constant_brier_score"]),
        "distress_recall": ratio(told["recall"]),
        "distress_false": f"{told['false_alarms_on_comments']:.2%}",
        "distress_alike": ratio(told["false_alarms_on_look_alikes"]),
    }


def _text(text: Report, quality: Report) -> dict[str, str]:
    correlations = (f"{axis} {quality['emobank_dev'][axis]:.3f}" for axis in VAD_AXES)
    differences = (f"{output} {each:.2g}" for output, each in quality["largest_differences"].items())
    return {
        "test_comments": f"{text['comments']:,}",
        "text_calibration": _calibration(text),
        "vad_correlation": ", ".join(correlations),
        "ekman_thresholded": class_table(text["ekman_thresholded"]),
        "ekman": answer_table(text["ekman"]),
        "emotions_thresholded": class_table(text["emotions_thresholded"]),
        "milliseconds": f"{quality['milliseconds_a_sentence']:.3f}",
        "differences": ", ".join(differences),
        "long_texts": long_text_table(quality["long_texts"]),
    }


def _music(music: Report, quality: Report) -> dict[str, str]:
    captions = quality["bal_train_captions_cross_validation"]
    return {
        "facets": facet_table(captions["facets"]),
        "clip_vad": ", ".join(f"{axis} {captions['vad'][axis]:.3f}" for axis in VAD_AXES),
        "mood_rows": str(music["mood_rows"]),
        "music_calibration": _calibration(music),
        "mood_groups": answer_table(music["groups"]),
        "moods": answer_table(music["moods"]),
    }


def _connection(test: Report) -> dict[str, str]:
    connection = test["connection"]
    nearest, ceilings = connection["nearest"], connection["ceilings"]
    return {
        "precision_at_k": precision_at_k_table(connection["precision_at_k"]),
        "nearest": answer_table(nearest),
        "nearest_micro": ratio(nearest["micro_precision"]),
        "nearest_macro": ratio(nearest["macro_precision"]),
        "half_micro_deviation": ratio(connection["half_library_micro_deviation"]),
        "half_macro_deviation": ratio(connection["half_library_macro_deviation"]),
        "moods_known_micro": ratio(ceilings["moods_known_micro_precision"]),
        "moods_known_macro": ratio(ceilings["moods_known_macro_precision"]),
        "texts_known": ratio(ceilings["texts_known_precision_at_10"]),
        "texts_known_without_neutral": ratio(ceilings["texts_known_precision_at_10_without_neutral"]),
        "usage": usage_table({"mood rows": connection["mood_clips"], "released": test["library"]}),
    }


def _calibration(figures: Report) -> str:
    return ratio(figures["reliability"]["expected_calibration_error"])


def _megabytes(manifest: Manifest) -> float:
    return sum(file.size_bytes for file in manifest.files) / 1e6
