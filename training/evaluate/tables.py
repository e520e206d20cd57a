"""Evaluations as tables for the terminal."""

import math
from collections.abc import Iterator

from ambiance.artifacts import Artifact
from training.evaluate.metrics import ClassCounts
from training.evaluate.readings import Connection, Evaluation


def published_line(artifact: Artifact) -> str:
    """Where a version was published, and the headline figures it was published with."""
    parts = [f"{artifact.path}:"]
    for measured_on, summary in artifact.manifest.quality.items():
        figures = ", ".join(
            f"{name.replace('_', ' ')} {summary[name]:.3f}"
            for name in ("micro_precision", "macro_precision", "macro_f1")
        )
        parts.append(f"{measured_on.replace('_', ' ')}: {figures}")
    return " ".join(parts)


def evaluation_tables(evaluation: Evaluation) -> str:
    """The three evaluations, one below the other."""
    parts = (
        ("text: nearest of 28 emotions, lumped to Ekman's 7", _class_lines(evaluation.text)),
        ("music: nearest of 7 moods, lumped to 5", _class_lines(evaluation.music)),
        ("connection: mood of the nearest clip, for each text", _connection_lines(evaluation.connection)),
    )
    return "\n\n".join("\n".join([heading, *lines]) for heading, lines in parts)


def _class_lines(counts: ClassCounts) -> Iterator[str]:
    yield f"  {'class':<10}{'precision':>10}{'recall':>8}{'F1':>8}{'TP':>7}{'FP':>7}{'FN':>7}"
    columns = (
        counts.names,
        counts.precision,
        counts.recall,
        counts.f1,
        counts.true_positives,
        counts.false_positives,
        counts.false_negatives,
    )
    for name, precision, recall, f1, right, wrong, missed in zip(*columns, strict=True):
        ratios = f"{_ratio(precision):>10}{_ratio(recall):>8}{_ratio(f1):>8}"
        yield f"  {name:<10}{ratios}{right:>7}{wrong:>7}{missed:>7}"
    yield (
        f"  micro precision {_ratio(counts.micro_precision)}, macro precision "
        f"{_ratio(counts.macro_precision)}, macro F1 {_ratio(counts.macro_f1)}"
    )


def _connection_lines(connection: Connection) -> Iterator[str]:
    yield from _class_lines(connection.counts)
    yield f"  micro precision of one constant mood: {connection.best_constant:.3f}"
    yield (
        f"  mean distance in true VAD: matched {connection.matched_distance:.3f}, "
        f"random {connection.random_distance:.3f}"
    )
    yield (
        f"  largest share of answers one clip takes: {connection.largest_share:.3f}; "
        f"clips that answer any text: {connection.coverage:.3f}"
    )


def _ratio(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
