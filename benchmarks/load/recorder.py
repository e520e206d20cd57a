"""What a sender notes of each call, while calls are running: little, and nothing is parsed."""

import random
import time
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np

from load.jobs import LOST, OK, OUTCOMES, SHORT_REPLY, SKIPPED, Samples, Work

SAMPLED = 64  # replies, and refusals, of one job that are kept to be looked into

_INDEX = {name: i for i, name in enumerate(OUTCOMES)}


class Reservoir:
    """Keeps `size` of what it is offered, each with the same chance however much is offered.

    It has no lock either: two threads that offer at once may shift a chance by one in many.
    """

    def __init__(self, size: int) -> None:
        self._size, self._offered = size, 0
        self._random = random.Random(0).random
        self.kept: list[bytes] = []

    def offer(self, make: Callable[[], bytes]) -> None:
        """Perhaps keep what `make` returns, which isn't called otherwise."""
        self._offered += 1
        if len(self.kept) < self._size:
            self.kept.append(make())
        elif (place := int(self._random() * self._offered)) < self._size:
            self.kept[place] = make()


class Recorder:
    """Notes the end of each call. gRPC's threads call it at once: list.append needs no lock."""

    def __init__(self, work: Work, measured_from: float = 0.0) -> None:
        """Take what is called, and the time from which calls that are due then or later may be sampled."""
        self._min_bytes, self._measured_from = work.min_reply_bytes, measured_from
        self.rows: list[tuple[float, float, float, int]] = []
        self._replies, self._refusals = Reservoir(SAMPLED), Reservoir(SAMPLED)

    def answered(self, due: float, sent: float, reply: bytes) -> None:
        """Take a reply that came now."""
        done, outcome = time.monotonic(), OK
        if len(reply) < self._min_bytes:
            outcome = SHORT_REPLY
        elif due >= self._measured_from:
            self._replies.offer(lambda: reply)
        self.rows.append((due, sent, done, _INDEX[outcome]))

    def failed(self, due: float, sent: float, call: Any) -> None:
        """Take a call that failed now."""
        done, code = time.monotonic(), call.code()
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and due >= self._measured_from:
            self._refusals.offer(lambda: dict(call.trailing_metadata()).get("grpc-status-details-bin", b""))
        self.rows.append((due, sent, done, _INDEX[code.name]))

    def skip(self, due: float) -> None:
        """Note a call that wasn't sent."""
        self.rows.append((due, np.nan, np.nan, _INDEX[SKIPPED]))

    def samples(self, cpu_s: float, wall_s: float, lost: list[float]) -> Samples:
        """All that was noted, and the calls that were due at `lost` and never ended."""
        rows = [*self.rows, *((due, np.nan, np.nan, _INDEX[LOST]) for due in lost)]
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        outcomes = table[:, 3].astype(np.int8)
        replies, refusals = tuple(self._replies.kept), tuple(self._refusals.kept)
        return Samples(table[:, :3], outcomes, replies, refusals, cpu_s, wall_s)
