"""A progress bar on standard error, where somebody looks at it and tqdm is installed."""

import sys
from typing import Any


def progress_bar(total: int, unit: str) -> Any:
    """A bar with `n`, `update(more)` and `close()`, that shows nothing where nobody would see it."""
    if sys.stderr is None or not sys.stderr.isatty():
        return _NoBar()
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ModuleNotFoundError:
        return _NoBar()
    return tqdm(total=total, unit=f" {unit}", unit_scale=True, leave=False)


class _NoBar:
    """What stands for a bar that nobody would see."""

    def __init__(self) -> None:
        self.n = 0

    def update(self, more: int) -> None:
        self.n += more

    def close(self) -> None: ...
