"""`python -m training.evaluate`: measure a release and the seeds beside it, write figures, plots and card.

With `--card-only` nothing is measured: the card is written anew from the figures that are there.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.evaluate") as extra:
    from training.data.sources import data_dir
    from training.evaluate.corpora import Corpora, load_corpora
    from training.evaluate.model_card import Measured, model_card
    from training.evaluate.plots import write_plots
    from training.evaluate.released import (
        LARGE,
        SECTIONS,
        HeardCorpora,
        Release,
        load_release,
        require_same_recipe,
    )
    from training.evaluate.report import Headlines, evaluate_headlines, evaluation_report
    from training.evaluate.report_file import write_report
    from training.evaluate.split_predictions import SplitPredictions
    from training.evaluate.tables import headline_table


CARD_FILE, PLOTS_FOLDER = "MODEL_CARD.md", "plots"


@extra
def main() -> None:
    """Read the flags, measure, write and print."""
    flags = _parse_flags()
    try:
        if not flags.card_only:
            _measure(flags.artifacts, flags.seeds, flags.docs)
        measured, large = Measured.load(flags.artifacts), flags.artifacts / LARGE
        report = measured.report
        card = model_card(report, measured.manifests, Measured.load(large) if large.is_dir() else None)
    except AmbianceError as error:
        sys.exit(str(error))
    (flags.docs / CARD_FILE).write_text(card, encoding="utf-8")
    print(f"test\n\n{headline_table(report, 'test')}\n\nwritten to {flags.docs / CARD_FILE}")


def _parse_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the release")
    parser.add_argument(
        "--seeds",
        type=Path,
        default=Path("runs/seeds"),
        help="folder of one release a random seed, by its number",
    )
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder for the card and its plots")
    parser.add_argument("--card-only", action="store_true", help="write the card, measure nothing")
    return parser.parse_args()


def _measure(artifacts_root: Path, seeds_root: Path, docs: Path) -> None:
    release, corpora = load_release(artifacts_root), load_corpora(data_dir())
    for root in _seed_roots(seeds_root):
        require_same_recipe(release, load_release(root))
    seeds: Mapping[int, Mapping[str, Headlines]] = {
        int(root.name): evaluate_headlines(root, corpora, SECTIONS) for root in _seed_roots(seeds_root)
    }
    report, test = _report(release, corpora, seeds)
    write_report(report, artifacts_root)
    write_plots(report, test, docs / PLOTS_FOLDER)
    if (large := artifacts_root / LARGE).is_dir():
        report, _ = _report(load_release(large), corpora, {})
        write_report(report, large)


def _report(
    release: Release, corpora: Corpora, seeds: Mapping[int, Mapping[str, Headlines]]
) -> tuple[dict[str, Any], SplitPredictions]:
    """The report of a release, and its predictions on test, which the plots show."""
    heard = HeardCorpora(release, corpora)
    sections = {name: heard.section(name) for name in SECTIONS}
    return evaluation_report(heard, sections, seeds), sections["test"]


def _seed_roots(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        (root for root in folder.iterdir() if root.name.isdecimal()), key=lambda root: int(root.name)
    )


if __name__ == "__main__":
    main()
