"""Keeps libraries that write to standard error by themselves from writing into a progress bar."""

import contextlib
import os
from collections.abc import Iterator

STANDARD_ERROR = 2


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what is written to the file descriptor of standard error to nowhere. Exceptions pass."""
    try:
        kept = os.dup(STANDARD_ERROR)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STANDARD_ERROR)
    try:
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)
        os.close(nowhere)
