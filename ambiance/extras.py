"""What is installed of Ambiance, and what a program says without the packages of its extra: a base install
has what a client needs, no more."""

import sys
from contextlib import ContextDecorator
from types import TracebackType

DISTRIBUTION = "ambiance-music"  # as pip knows it; `ambiance` on the public index is another project

# If one of our own packages is missing the install is broken, and the traceback tells more.
_OURS = ("ambiance", "text_service", "music_index_service", "gateway", "standalone", "training")


def installed_version() -> str:
    """The version of this installation, for people; a checkout may be run without any."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  # takes a moment

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "(not installed)"


def install_hint(extra: str) -> str:
    """How to install an extra: from a checkout, as the distribution isn't published."""
    return f"pip install -e '.[{extra}]' in a checkout of the repository"


class Extra(ContextDecorator):
    """Wraps a program's imports and its `main`: ends it with one sentence if a package isn't installed."""

    def __init__(self, name: str, program: str) -> None:
        """Take the extra's name, and the program's as a user calls it."""
        self._name, self._program = name, program

    def __enter__(self) -> "Extra":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, ModuleNotFoundError) or not error.name:
            return
        package = error.name.partition(".")[0]
        if package not in _OURS:
            hint = install_hint(self._name)
            sys.exit(f"{self._program}: needs {package}, which the extra {self._name} brings: {hint}")
