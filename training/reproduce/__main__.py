"""`python -m training.reproduce`: retrain the seed's system and set its figures beside the published ones."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.reproduce") as extra:
    from training.data.sources import data_dir
    from training.music.config import SPLITS, MusicConfig
    from training.music.mood_rows import with_split
    from training.reproduce.published import FIGURES, PUBLISHED, Spread
    from training.reproduce.runs import Figures, load_corpora, run_seeds, spread
    from training.text.seed.config import SampleWeights, SeedConfig

# Only the text side differs where its weights do.
_PARTS: dict[SampleWeights, tuple[str, ...]] = {
    "seed": ("text", "music", "connection"),
    "corrected": ("text", "connection"),
    "none": ("text", "connection"),
}


@extra
def main() -> None:
    """Read the flags, train, print the table and write every run's figures."""
    flags = _parse_flags()
    counts: dict[SampleWeights, int] = {
        "seed": flags.runs,
        "corrected": flags.variant_runs,
        "none": flags.variant_runs,
    }
    try:
        text, music = SeedConfig(), with_split(MusicConfig(recipe="seed", split=flags.split), data_dir())
        print(f"music learns from {music.split}", file=sys.stderr)
        results = run_seeds(load_corpora(data_dir(), music), text, music, counts)
    except AmbianceError as error:
        sys.exit(str(error))
    record = {"text": asdict(text), "music": asdict(music), "runs": results}
    flags.output.parent.mkdir(parents=True, exist_ok=True)
    flags.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print("\n".join(_table(results)), f"\nevery run's figures: {flags.output}")


def _parse_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.reproduce", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--runs", type=_positive, default=10, help="with the seed's text weights")
    parser.add_argument(
        "--variant-runs", type=_positive, default=3, help="with corrected weights, and as many without"
    )
    parser.add_argument(
        "--split", choices=SPLITS, help="of AudioSet; by default unbal_train if it is there, else bal_train"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/reproduce.json"))
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, got {value}")
    return value


def _table(results: Mapping[SampleWeights, Sequence[Figures]]) -> Iterator[str]:
    yield f"{'text weights':<14}{'part':<12}{'figure':<17}{'runs':>4}  {'here':<13}  {'published':<13}"
    for weights, runs in results.items():
        for part in _PARTS[weights]:
            for figure in FIGURES:
                published = _cell(PUBLISHED[part][figure]) if weights == "seed" else "-"
                here = _cell(spread(runs, part, figure))
                yield f"{weights:<14}{part:<12}{figure:<17}{len(runs):>4}  {here:<13}  {published:<13}"


def _cell(spread: Spread) -> str:
    return f"{spread.mean:.3f} ± {spread.deviation:.3f}"


if __name__ == "__main__":
    main()
