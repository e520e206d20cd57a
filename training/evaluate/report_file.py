"""`evaluation.json` on disk, beside the artifacts that it is about."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ambiance.errors import ArtifactError

REPORT_FILE = "evaluation.json"


def write_report(report: Mapping[str, Any], root: Path) -> None:
    """Write what `evaluation_report` gives."""
    text = json.dumps(report, indent=1, allow_nan=False)
    (root / REPORT_FILE).write_text(text + "\n", encoding="utf-8")


def read_report(root: Path) -> dict[str, Any]:
    """Read what `write_report` wrote.

    Raises:
        ArtifactError: if it isn't there or is another kind of report.
    """
    path = root / REPORT_FILE
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: {error}; `make evaluate` writes it") from error
    if "spread" not in report:
        raise ArtifactError(f"{path}: holds no spread over seeds; `make evaluate` writes it anew")
    return report
