"""What a sender notes of each call, while calls are running: little, and nothing is parsed."""

import time
from typing import Any

import grpc
import numpy as np

from load.jobs import LOST, OK, OUTCOMES, SHORT_REPLY, SKIPPED, Samples, Work

SAMPLED = 64  # replies, and refusals, of one job that are kept to be looked into
SAMPLE_EVERY = 16  # so that they aren't all of the first moment

_INDEX = {name: i for i, name in enumerate(OUTCOMES)}


class Recorder:
    """Notes the end of each call. gRPC's threads call it at once: list.append needs no lock."""

    def __init__(self, work: Work) -> None:
        self._min_bytes = work.min_reply_bytes
        self.rows: list[tuple[float, float, float, int]] = []
        self._replies: list[bytes] = []
        self._refusals: list[bytes] = []

    def answered(self, due: float, sent: float, reply: bytes) -> None:
        """Take a reply that came now."""
        done, outcome = time.monotonic(), OK
        if len(reply) < self._min_bytes:
            outcome = SHORT_REPLY
        elif len(self._replies) < SAMPLED and len(self.rows) % SAMPLE_EVERY == 0:
            self._replies.append(reply)
        self.rows.append((due, sent, done, _INDEX[outcome]))

    def failed(self, due: float, sent: float, call: Any) -> None:
        """Take a call that failed now."""
        done, code = time.monotonic(), call.code()
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and len(self._refusals) < SAMPLED:
            self._refusals.append(dict(call.trailing_metadata()).get("grpc-status-details-bin", b""))
        self.rows.append((due, sent, done, _INDEX[code.name]))

    def skip(self, due: float) -> None:
        """Note a call that wasn't sent."""
        self.rows.append((due, np.nan, np.nan, _INDEX[SKIPPED]))

    def samples(self, cpu_s: float, wall_s: float, lost: list[float]) -> Samples:
        """All that was noted, and the calls that were due at `lost` and never ended."""
        rows = [*self.rows, *((due, np.nan, np.nan, _INDEX[LOST]) for due in lost)]
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        outcomes = table[:, 3].astype(np.int8)
        return Samples(table[:, :3], outcomes, tuple(self._replies), tuple(self._refusals), cpu_s, wall_s)
