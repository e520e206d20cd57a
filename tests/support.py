"""What tests of several rungs share."""

from collections.abc import Callable
from pathlib import Path

import grpc

# Starts an application on a port of the system's choice and returns a channel to it; see service/conftest.py.
Serve = Callable[..., grpc.Channel]


def has_ended(process_id: int) -> bool:
    """Whether no process has this id, or one that only waits to be buried."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"
