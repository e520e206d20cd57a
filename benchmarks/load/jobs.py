"""What the parent asks of a sender, and what the sender answers: all of it crosses a pipe."""

from dataclasses import dataclass, field

import grpc
import numpy as np
from numpy.typing import NDArray

from load.target import Target

SKIPPED = "SKIPPED"  # not sent: it was due longer ago than its deadline, or too many were in flight
SHORT_REPLY = "SHORT_REPLY"  # OK, but too few bytes to hold what was asked for
LOST = "LOST"  # neither answered nor failed by the end, which gRPC's deadline should rule out
OK = grpc.StatusCode.OK.name
SHED = grpc.StatusCode.RESOURCE_EXHAUSTED.name
OUTCOMES = (*(code.name for code in grpc.StatusCode), SKIPPED, SHORT_REPLY, LOST)


@dataclass(frozen=True)
class Work:
    """Calls of one method, their requests serialised. A reply below `min_reply_bytes` isn't an answer."""

    target: Target
    method: str
    requests: tuple[bytes, ...]
    min_reply_bytes: int = 1
    deadline_s: float = 2.0


@dataclass(frozen=True)
class Connect:
    """Open the connections to a target, so that no measured call waits for them."""

    target: Target


@dataclass(frozen=True)
class OpenLoop:
    """Send a call at each of `due_s` seconds after `start` (of time.monotonic), whatever became of others."""

    work: Work
    start: float
    due_s: NDArray[np.float64]
    first_request: int  # where in the requests this sender begins
    warm_up_s: float = 0.0  # after which replies are kept


@dataclass(frozen=True)
class ClosedLoop:
    """Keep `in_flight` calls going from `start` for `seconds`: each next one when the last is answered."""

    work: Work
    start: float
    seconds: float
    in_flight: int
    first_request: int


@dataclass(frozen=True)
class Samples:
    """What became of each call.

    times: <float64>[n, 3], when each was due, sent and done, on time.monotonic; NaN where it never was.
    outcomes: <int8>[n], indices into OUTCOMES.
    replies: some of the OK ones, serialised, drawn from all that were due after the warm-up.
    refusals: the status details of RESOURCE_EXHAUSTED calls, drawn alike; empty where there were none.
    cpu_s, wall_s: CPU seconds of the senders, and how long they were at it, each summed over senders.
    """

    times: NDArray[np.float64]
    outcomes: NDArray[np.int8]
    replies: tuple[bytes, ...] = field(repr=False, default=())
    refusals: tuple[bytes, ...] = field(repr=False, default=())
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @classmethod
    def joined(cls, parts: "list[Samples]") -> "Samples":
        """Those of several senders together."""
        return cls(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.outcomes for part in parts]),
            tuple(reply for part in parts for reply in part.replies),
            tuple(refusal for part in parts for refusal in part.refusals),
            sum(part.cpu_s for part in parts),
            sum(part.wall_s for part in parts),
        )
