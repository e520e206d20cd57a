"""`python -m training.evaluate`: measure the released encoders, print tables, write `evaluation.json`."""

import argparse
import json
import sys
from pathlib import Path

from ambiance.errors import AmbianceError
from training.evaluate.released import evaluate_released
from training.evaluate.tables import evaluation_tables

REPORT_FILE = "evaluation.json"


def main() -> None:
    """Read the flags, measure, print and write."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the releases")
    artifacts_root = parser.parse_args().artifacts
    try:
        released = evaluate_released(artifacts_root)
    except AmbianceError as error:
        sys.exit(str(error))
    report = artifacts_root / REPORT_FILE
    report.write_text(json.dumps(released.summary(), indent=2) + "\n", encoding="utf-8")
    measured = ", ".join(f"{kind} version {version}" for kind, version in released.versions.items())
    print(f"{measured}: {released.test_comments:,} comments, {released.eval_mood_rows} mood rows\n")
    print(f"{evaluation_tables(released.evaluation)}\n\nwritten to {report}")


if __name__ == "__main__":
    main()
