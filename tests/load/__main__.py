"""`python -m load`: load a running cluster, write what it bore, compare it with what it bore before."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.processes import StartError
from load.baseline import compare, read_baseline
from load.errors import LoadError, NobodyAnswersError
from load.figures import Results, figures_of
from load.options import Options, parse
from load.report import write_report
from load.session import noted, run_session

EXIT_FAILED, EXIT_NOBODY = 1, 69


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0; 1 if a figure got worse than the baseline or the test failed; 69 if nobody answers."""
    options = parse(argv)
    try:
        return _run(options)
    except NobodyAnswersError as error:
        print(f"load: {error}", file=sys.stderr)
        return EXIT_NOBODY
    except (LoadError, StartError) as error:
        print(f"load: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130


def _run(options: Options) -> int:
    baseline = read_baseline(options.baseline, noted(options)) if options.baseline else None
    for folder in (options.out, *(path.parent for path in [options.save_baseline] if path)):
        _make_folder(folder)
    results = run_session(options, _say)
    figures = figures_of(results)
    results["figures"] = [figure.to_json() for figure in figures]
    _say("\n== figures and targets")
    for figure in figures:
        _say(figure.describe())
    folder = options.out / results["started"].replace(":", "").replace("+0000", "")
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(results, folder / "result.json")
    _say(f"\n{write_report(results, folder)}")
    if options.save_baseline:
        _write_json(results, options.save_baseline)
    if baseline is None:
        return 0
    lines, worse = compare(figures, results["machine"], baseline, options.tolerance)
    _say(f"\n== beside the baseline, tolerance {options.tolerance:.0%}")
    for line in lines:
        _say(line)
    return EXIT_FAILED if worse else 0


def _make_folder(folder: Path) -> None:
    """Before minutes of measuring, rather than after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadError(f"{folder}: {error.strerror}") from error


def _write_json(results: Results, path: Path) -> None:
    path.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
