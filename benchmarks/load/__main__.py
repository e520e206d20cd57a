"""`python -m load`: load a running cluster, write what it bore, compare it with what it bore before."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.ending import exit_on_terminate
from bench.processes import StartError
from load.baseline import Baseline, compare, read_baseline
from load.errors import LoadError, NobodyAnswersError
from load.figures import Figure, Results, failures_of, figures_of
from load.options import Options, parse
from load.report import write_report
from load.session import noted, run_session

EXIT_FAILED, EXIT_NOBODY, EXIT_INTERRUPTED = 1, 69, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0; 1 if a figure got worse than the baseline, the test failed, or a run whose replies were
    looked into had none or faulty ones; 69 if nobody answers; 130 on Ctrl-C. Exits 143 on SIGTERM.
    """
    exit_on_terminate()
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
        return EXIT_INTERRUPTED


def _run(options: Options) -> int:
    baseline = read_baseline(options.baseline, noted(options)) if options.baseline else None
    for folder in (options.out, *(path.parent for path in [options.save_baseline] if path)):
        _make_folder(folder)
    results = run_session(options, _say, baseline.require_same_work if baseline else lambda _: None)
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
    failures = failures_of(results)
    for failure in failures:
        print(f"load: {failure}", file=sys.stderr)
    worse = baseline is not None and _is_worse(results, figures, baseline, options)
    return EXIT_FAILED if worse or failures else 0


def _is_worse(results: Results, figures: list[Figure], baseline: Baseline, options: Options) -> bool:
    """Say how the figures stand beside the baseline's."""
    _say(f"\n== beside the baseline, tolerance {options.tolerance:.0%}")
    phases = set(options.figured_phases)
    if "held_per_s" in results:
        phases.remove("rates")
        _say("no knee was found, as --max-rate ended the sweep: its figures aren't compared")
    lines, worse = compare(figures, results, baseline, options.tolerance, phases)
    for line in lines:
        _say(line)
    return worse


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
