"""One log format a process: what native libraries print to standard error becomes log records.

TensorFlow Lite, absl and gRPC's core write lines of their own there, past Python, and TensorFlow Lite has no
switch for it. They are read from a pipe in the place of the file descriptor; what Python writes goes past it.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)

_STDERR = 2
_END = b"\0end\n"
_DRAIN_S = 1.0

# How TensorFlow Lite ("INFO: ...") and absl ("I0000 00:00:1764194681.1 ...") begin a line.
_LEVEL = re.compile(r"(?:(I)NFO:|(W)ARNING:|ERROR:|([IWEF])\d{4} )")
_LEVELS = {"I": logging.INFO, "W": logging.WARNING}


@contextmanager
def native_lines_logged() -> Iterator[None]:
    """Log what is written to file descriptor 2 meanwhile, by worker processes as well, whose records pass as
    they are. Lines that an abort leaves in the pipe are lost with the process.

    Nothing happens if `sys.stderr` is another file, as under a test's capture.
    """
    if not _is_stderr():
        yield
        return
    python_stderr, real = sys.stderr, os.dup(_STDERR)
    read_end, write_end = os.pipe()
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(real), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    os.dup2(write_end, _STDERR)
    thread = threading.Thread(target=_log_lines, args=(read_end, real), name="native lines", daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.dup2(real, _STDERR)
        os.write(write_end, _END)
        os.close(write_end)
        thread.join(_DRAIN_S)
        sys.stderr = python_stderr


def _is_stderr() -> bool:
    try:
        return sys.stderr.fileno() == _STDERR
    except (AttributeError, OSError, ValueError):  # none at all, one in memory, a closed one
        return False


def _log_lines(read_end: int, real: int) -> None:
    """Read lines until `native_lines_logged` writes its last one, or no process holds the pipe any more."""
    with os.fdopen(read_end, "rb") as lines, os.fdopen(real, "wb", buffering=0) as stderr:
        for line in lines:
            if _is_record(line):
                stderr.write(line)
            elif text := line.removesuffix(_END).decode(errors="backslashreplace").strip():
                logger.log(_level(text), text)
            if line.endswith(_END):
                return


def _is_record(line: bytes) -> bool:
    """Whether a line is a record already: a worker's."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _level(line: str) -> int:
    match = _LEVEL.match(line)
    if match is None:
        return logging.WARNING
    return _LEVELS.get(match[1] or match[2] or match[3] or "E", logging.ERROR)
