"""`python -m training.release`: train a candidate, set it beside the release, publish it if it holds."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from ambiance.errors import AmbianceError, ArtifactError
from ambiance.extras import Extra

with Extra("training", "python -m training.release") as extra:
    from ambiance.artifacts import versions
    from training.data.sources import data_dir
    from training.evaluate.corpora import Corpora, load_corpora
    from training.evaluate.released import LARGE, PARTS, load_release
    from training.evaluate.report import Headlines, evaluate_headlines
    from training.evaluate.report_file import REPORT_FILE, read_report
    from training.release.decision import compare, comparison_table, fallen
    from training.release.jobs import has_teacher, train_release, train_teacher
    from training.release.staging import prepare_staging, publish_candidate

OVERRIDE_NOTE = "override"  # in a manifest: why the version was published though figures fell


@extra
def main() -> None:
    """Read the flags, train, judge, publish."""
    flags = _parse_flags()
    root = flags.artifacts / LARGE if flags.large else flags.artifacts
    try:
        corpora = load_corpora(data_dir())
        old, against = _measure_release(root, corpora, flags.reason)
        _teach(flags.artifacts, flags.teacher)
        prepare_staging(flags.staging, root)
        train_release(flags.staging, flags.artifacts, flags.seed, "large" if flags.large else "distilled")
        new = _validation(flags.staging, corpora)
        if old is not None:
            comparisons = compare(old, new, _validation_spread(root))
            print(comparison_table(comparisons))
            against = fallen(comparisons)
        if against and not flags.reason:
            sys.exit(_refusal(against, flags.staging))
        notes = {OVERRIDE_NOTE: f"{flags.reason} ({'; '.join(against)})"} if against else {}
        for artifact in publish_candidate(load_release(flags.staging), root, notes):
            print(f"published {artifact.path}")
    except AmbianceError as error:
        sys.exit(str(error))
    print("`make evaluate` measures it on test and writes the model card")


def _parse_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.release", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the releases")
    parser.add_argument(
        "--staging", type=Path, default=Path("runs/candidate"), help="folder of the candidate; emptied first"
    )
    parser.add_argument("--seed", type=int, default=1, help="of every random number")
    parser.add_argument(
        "--large", action="store_true", help=f"train the larger text encoder, of the release in {LARGE}/"
    )
    parser.add_argument("--teacher", action="store_true", help="train the teacher anew as well")
    parser.add_argument(
        "--reason", default="", help="publish even if figures fall, and say why in the manifest"
    )
    return parser.parse_args()


def _measure_release(root: Path, corpora: Corpora, reason: str) -> tuple[Headlines | None, list[str]]:
    """The release's figures, taken before a candidate is trained; without them, what stands against it.

    Raises:
        ArtifactError: if the release can't be measured and no reason is given to replace it unseen.
    """
    if not all(versions(root, kind) for kind in PARTS):
        print(f"{root}: no release to compare with")
        return None, []
    try:
        return _validation(root, corpora), []
    except ArtifactError as error:
        if not reason:
            raise
        return None, [f"the release before it can't be measured: {error}"]


def _teach(artifacts_root: Path, anew: bool) -> None:
    if anew or not has_teacher(artifacts_root, data_dir()):
        train_teacher(artifacts_root)


def _validation(root: Path, corpora: Corpora) -> Headlines:
    return evaluate_headlines(root, corpora, ["validation"])["validation"]


def _validation_spread(artifacts_root: Path) -> Mapping[str, Mapping[str, float]]:
    if not (artifacts_root / REPORT_FILE).is_file():
        return {}
    spread: Mapping[str, Mapping[str, float]] = read_report(artifacts_root)["spread"]["validation"]
    return spread


def _refusal(against: list[str], staging: Path) -> str:
    listed = "\n".join(f"- {line}" for line in against)
    return (
        f"\nnot published; figures fell by more than allowed:\n{listed}\n"
        f'The candidate stays in {staging}. To publish one all the same: make train REASON="..."'
    )


if __name__ == "__main__":
    main()
