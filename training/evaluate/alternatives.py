"""The ways to make a mood space, fitted for one text encoder and measured on the same sections."""

from typing import Any

from training.evaluate.figures import usage_figures
from training.evaluate.headline_figures import connection_headline
from training.evaluate.released import SECTIONS, HeardCorpora
from training.evaluate.section import Matching
from training.space import MoodSpace, fit_space
from training.space.space import METHODS


def alternative_figures(heard: HeardCorpora) -> dict[str, dict[str, dict[str, Any]]]:
    """Connection figures of every method, the released one among them: method -> section -> figure.

    `triplet` and `continuous` learn from the very mood rows that validation counts, so that only their
    figures on test compare with the others'.
    """
    return {method: _by_section(heard, _space(heard, method)) for method in METHODS}


def _space(heard: HeardCorpora, method: str) -> MoodSpace | None:
    """A space fitted by the method; None for the release's own."""
    if method == heard.release.space.method:
        return None
    manifest, train = heard.release.text_encoder.manifest, heard.train
    labels, folder = heard.corpora.train.labels, heard.corpora.folder
    identity = f"{manifest.kind} {manifest.version}"
    return fit_space(method, train.emotions, train.embedding, labels, folder, manifest.origin.seed, identity)


def _by_section(heard: HeardCorpora, space: MoodSpace | None) -> dict[str, dict[str, Any]]:
    return {name: _figures(heard.matching(name, space)) for name in SECTIONS}


def _figures(matching: Matching) -> dict[str, Any]:
    usage = usage_figures(matching.hits, len(matching.rows.moods))
    return connection_headline(matching) | {name: usage[name] for name in ("coverage_at_10", "hubness")}
