"""What `evaluation.json` holds: a release with intervals, and its recipe trained from several seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluate.corpora import Corpora
from training.evaluate.figures import section_figures
from training.evaluate.headline import HEADLINES, LISTENER_FIGURES
from training.evaluate.headline_figures import headline, headline_intervals
from training.evaluate.released import (
    HALF_OF_SECTION,
    SECTIONS,
    HeardCorpora,
    SectionName,
    load_release,
)
from training.evaluate.split_predictions import SplitPredictions
from training.listener.measure import breakdown, intervals, means

Headlines = Mapping[str, float]  # headline figure -> value


def evaluate_headlines(root: Path, corpora: Corpora, sections: Sequence[SectionName]) -> dict[str, Headlines]:
    """The headline figures of the newest release under a root, by section.

    Raises:
        ArtifactError: if a part is missing or damaged, or the parts don't fit together.
        DataError: if AudioSet is missing or damaged.
    """
    heard = HeardCorpora(load_release(root), corpora)
    return {name: {**headline(heard.section(name)), **listener_headline(heard, name)} for name in sections}


def listener_headline(heard: HeardCorpora, section: SectionName) -> Headlines:
    """The headline figures of a section's half of the listener's benchmark."""
    figures = means(heard.listening(HALF_OF_SECTION[section]))
    return {name: figures[name] for name in LISTENER_FIGURES}


def evaluation_report(
    heard: HeardCorpora,
    sections: Mapping[SectionName, SplitPredictions],
    seeds: Mapping[int, Mapping[str, Headlines]],
) -> dict[str, Any]:
    """Everything that `evaluation.json` holds.

    Args:
        heard: the release.
        sections: its sections.
        seeds: random seed -> section -> headline figures of the recipe trained from it.
    """
    return {
        "versions": heard.release.versions,
        "seed": heard.release.text_encoder.manifest.origin.seed,
        "targets": {figure.name: figure.target for figure in HEADLINES},
        "released": {name: _with_intervals(heard, name, section) for name, section in sections.items()},
        "seeds": {str(seed): figures for seed, figures in seeds.items()},
        "spread": {name: spread([figures[name] for figures in seeds.values()]) for name in SECTIONS},
    }


def spread(runs: Sequence[Headlines]) -> dict[str, dict[str, float]]:
    """Mean, standard deviation (of a sample) and range of each headline figure; empty for one run or none."""
    if len(runs) < 2:
        return {}
    values = {figure.name: [run[figure.name] for run in runs] for figure in HEADLINES}
    return {
        name: {
            "mean": round(float(np.mean(each)), 6),
            "deviation": round(float(np.std(each, ddof=1)), 6),
            "range": round(float(np.ptp(each)), 6),
        }
        for name, each in values.items()
    }


def _with_intervals(heard: HeardCorpora, name: SectionName, section: SplitPredictions) -> dict[str, Any]:
    listening, figures = heard.listening(HALF_OF_SECTION[name]), section_figures(section)
    listened = means(listening)
    figures["headline"] |= {figure: listened[figure] for figure in LISTENER_FIGURES}
    ends = {**headline_intervals(section), **intervals(listening)}
    return figures | {
        "listener": {"texts": len(listening.benchmark), "figures": listened, "by": breakdown(listening)},
        "intervals": {figure: [round(end, 6) for end in pair] for figure, pair in ends.items()},
    }
