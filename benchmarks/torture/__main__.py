"""`python -m torture`: kill what keeps clips at random moments; 1 if it ever broke its word."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from torture.service_target import ServiceTarget
from torture.session import Lives, torture
from torture.store_target import StoreTarget
from torture.target import Target
from torture.workload import Workload

ROOT = Path(__file__).parents[2]
SERVICE_LIVES = Lives(max_calls=40, max_life_s=4.0, max_start_s=3.0)  # a compaction takes a few seconds
MILVUS_SERVICE_LIVES = Lives(max_calls=20, max_life_s=2.0, max_start_s=3.0)
MILVUS_LIVES = Lives(max_calls=20, max_life_s=2.0, max_start_s=8.0)


def _milvus_target(folder: Path, *, kills_milvus: bool) -> Target:
    from torture.milvus_target import MilvusTarget  # needs pymilvus and milvus, of the extra dev

    return MilvusTarget(folder, ROOT / "artifacts", "default", kills_milvus=kills_milvus)


# Each is made with a folder of its own to keep things in.
TARGETS: Mapping[str, tuple[Callable[[Path], Target], Lives]] = {
    "store": (lambda folder: StoreTarget(folder / "clips.sqlite"), Lives()),
    "service": (lambda folder: ServiceTarget(folder, ROOT / "artifacts", "default"), SERVICE_LIVES),
    "own-index": (lambda folder: ServiceTarget(folder, ROOT / "artifacts", "songs"), SERVICE_LIVES),
    "milvus-service": (lambda folder: _milvus_target(folder, kills_milvus=False), MILVUS_SERVICE_LIVES),
    "milvus": (lambda folder: _milvus_target(folder, kills_milvus=True), MILVUS_LIVES),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 if everything acknowledged was kept, 1 if not."""
    options = _parse(argv)
    workload, failed = Workload(options.writers, options.clips), False
    for name in TARGETS if options.target is None else [options.target]:
        make, lives = TARGETS[name]
        with tempfile.TemporaryDirectory(prefix="torture-", dir=options.folder) as folder:
            figures = torture(
                make(Path(folder)),
                options.rounds,
                options.seed,
                workload,
                lambda line: print(line, flush=True),
                lives,
            )
        print(json.dumps({"target": name} | asdict(figures), indent=2))
        failed |= bool(figures.faults)
    return int(failed)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, help="to kill (default: each in turn)")
    parser.add_argument("--rounds", type=int, default=200, help="kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of moments and writes (default: %(default)s)")
    parser.add_argument("--writers", type=int, default=8, help="that write at once (default: %(default)s)")
    parser.add_argument("--clips", type=int, default=400, help="they write to (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="on the disk that is to keep it (default: the system's)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
