"""`evaluation.json` on disk, beside the artifacts that it is about."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORT_FILE = "evaluation.json"


def write_report(report: Mapping[str, Any], root: Path) -> None:
    """Write what `evaluation_report` gives."""
    text = json.dumps(report, indent=1, allow_nan=False)
    (root / REPORT_FILE).write_text(text + "\n", encoding="utf-8")


def read_report(root: Path) -> dict[str, Any]:
    """Read what `write_report` wrote."""
    report: dict[str, Any] = json.loads((root / REPORT_FILE).read_text(encoding="utf-8"))
    return report
