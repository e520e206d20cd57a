"""Figures on disk: a JSON file for each group, in the folder of a run and in that of the figures kept."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = Path(__file__).resolve().parents[2] / "docs" / "performance"

Result = Mapping[str, Any]  # as `groups.run_group` gives it


class ResultError(ValueError):
    """Raised when a file isn't a group's result, or mustn't be kept; names it."""


def write_result(result: Result, folder: Path) -> Path:
    """Write a group's result; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['group']}.json"
    path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_results(folder: Path) -> dict[str, Result]:
    """The results in a folder, by group.

    Raises:
        ResultError: if a JSON file there isn't one.
    """
    results: dict[str, Result] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultError(f"{path}: not JSON: {error}") from error
        if not isinstance(result, dict) or not {"group", "figures", "machine"} <= set(result):
            raise ResultError(f"{path}: not the result of a group of benchmarks")
        results[result["group"]] = result
    return results


def keep(folder: Path, kept: Path = KEPT) -> list[Path]:
    """Copy a run's results, and the pictures beside them, to the figures kept; returns the copies.

    Raises:
        ResultError: if there is none, or one is of a quick run.
    """
    results = read_results(folder)
    if not results:
        raise ResultError(f"{folder}: no results; `python -m bench` measures them")
    if quick := [name for name, result in results.items() if result["quick"]]:
        raise ResultError(f"{folder}: {', '.join(quick)}: of a quick run, which shows nothing")
    kept.mkdir(parents=True, exist_ok=True)
    pictures = [path for suffix in ("*.svg", "*.png") for path in sorted(folder.glob(suffix))]
    return [
        Path(shutil.copy(path, kept)) for path in [*(folder / f"{name}.json" for name in results), *pictures]
    ]
