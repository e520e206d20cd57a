"""`python -m bench`: measure, print what the targets say, keep the figures, write docs/PERFORMANCE.md."""

import argparse
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from bench.ending import exit_on_terminate
from bench.groups import GROUPS, Group, run_group
from bench.options import Options
from bench.page import section_text, write_page
from bench.results import KEPT, ResultError, keep, write_result
from bench.tables import verdict_table
from bench.target_list import TARGETS
from bench.targets import judge

DEFAULTS = Options()
FAILED = 1  # exit status


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the flags say; returns 1 if a group couldn't be measured or figures can't be kept. Exits 143 on
    SIGTERM.
    """
    exit_on_terminate()
    flags = _parse(argv)
    try:
        if flags.keep:
            print("\n".join(map(str, keep(flags.out))))
        if flags.report:
            print("\n".join(map(str, write_page(KEPT))))
    except ResultError as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILED
    if flags.keep or flags.report:
        return 0
    return measure(chosen(flags.only, quick=flags.quick), _options(flags))


def chosen(only: Sequence[str] | None, *, quick: bool) -> list[Group]:
    """The groups that were named, else those of a quick or a whole run."""
    if only:
        return [GROUPS[name] for name in dict.fromkeys(only)]
    wanted = ("always",) if quick else ("always", "unless quick")
    return [group for group in GROUPS.values() if group.runs in wanted]


def measure(groups: Iterable[Group], options: Options) -> int:
    """Run groups one after another, write and print their results; returns the exit status."""
    status, results = 0, {}
    for group in (bar := tqdm(list(groups), disable=not sys.stderr.isatty())):
        bar.set_description(group.name)
        try:
            results[group.name] = result = run_group(group, options)
        except Exception as error:  # one group's trouble mustn't cost the others' figures
            print(f"bench: {group.name}: {type(error).__name__}: {error}", file=sys.stderr)
            status = FAILED
            continue
        tqdm.write(f"\n{group.title} ({result['seconds']:.0f} s, {write_result(result, options.out)})")
        tqdm.write(f"\n{section_text(group.name, result)}")
    targets = [target for target in TARGETS if target.group in results]
    print("", verdict_table(judge(targets, results)), sep="\n")
    return status


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--only", action="append", choices=GROUPS, metavar="NAME", help=f"a group alone: {', '.join(GROUPS)}"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke test: its figures show nothing")
    parser.add_argument("--keep", action="store_true", help=f"copy the figures in --out to {KEPT.name}")
    parser.add_argument("--report", action="store_true", help="write docs/PERFORMANCE.md from what was kept")
    for name, meaning in (
        ("out", "where figures are written"),
        ("artifacts", "released models and index"),
        ("scaled", "larger indexes"),
        ("loads", "results of load tests"),
        ("milvus-python", "an interpreter that has milvus-lite; this one unless given"),
        ("py-spy", "the profiler; the one on the path unless given"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, default=getattr(DEFAULTS, name.replace("-", "_")), help=meaning
        )
    return parser.parse_args(argv)


def _options(flags: argparse.Namespace) -> Options:
    found = shutil.which("py-spy")
    return Options(
        quick=flags.quick,
        out=flags.out,
        artifacts=flags.artifacts,
        scaled=flags.scaled,
        loads=flags.loads,
        milvus_python=flags.milvus_python,
        py_spy=flags.py_spy or (Path(found) if found else None),
    )


if __name__ == "__main__":
    sys.exit(main())
