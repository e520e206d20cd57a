"""The senders together: spawned once, given their jobs, and their samples joined."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import grpc

from load import sender
from load.arrivals import Plan, due_times
from load.errors import LoadError, NobodyAnswersError
from load.jobs import ClosedLoop, Connect, OpenLoop, Samples, Work
from load.target import Target

START_S = 0.2  # for every sender to have its job before the first call is due
SPAWN_S = 60.0
SLACK_S = 30.0  # beyond what a job should take, for a machine that is busy


class Fleet:
    """`senders` processes with `connections` connections each to whatever is under load."""

    def __init__(self, senders: int, connections: int) -> None:
        self.senders, self.connections = senders, connections
        spawn = multiprocessing.get_context("spawn")  # gRPC can't be forked
        self.has_priority = False  # known once connected; see `sender.ask_for_priority`
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(senders):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=sender.serve, args=(theirs, connections), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def connect(self, target: Target) -> None:
        """Open every connection to a target.

        Raises:
            NobodyAnswersError: if one can't be opened.
        """
        try:
            self.has_priority = all(self._ask([Connect(target)] * self.senders, SPAWN_S))
        except grpc.FutureTimeoutError as error:
            limit = sender.CONNECT_S
            raise NobodyAnswersError(f"{target.address}: no connection within {limit:.0f} s") from error

    def open_loop(self, work: Work, plan: Plan) -> tuple[float, Samples]:
        """Make the calls of a plan, dealt to the senders in turn; returns the start and the samples."""
        due = due_times(plan)
        start = time.monotonic() + START_S
        jobs = [
            OpenLoop(work, start, due[i :: self.senders], self._first_request(work, i), plan.warm_up_s)
            for i in range(self.senders)
        ]
        return start, Samples.joined(self._ask(jobs, plan.total_s + 2 * work.deadline_s))

    def closed_loop(self, work: Work, in_flight: int, seconds: float) -> tuple[float, Samples]:
        """Keep calls in flight for a time, in even shares; returns the start and the samples."""
        start = time.monotonic() + START_S
        shares = [len(range(i, in_flight, self.senders)) for i in range(self.senders)]
        jobs = [
            ClosedLoop(work, start, seconds, share, self._first_request(work, i))
            for i, share in enumerate(shares)
        ]
        return start, Samples.joined(self._ask(jobs, seconds + work.deadline_s))

    def _first_request(self, work: Work, sender_number: int) -> int:
        """Where a sender begins, so that not all send the same."""
        return sender_number * len(work.requests) // self.senders

    def close(self) -> None:
        """End the senders."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join(SPAWN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, jobs: list[Any], seconds: float) -> list[Samples]:
        try:
            for pipe, job in zip(self._pipes, jobs, strict=True):
                pipe.send(job)
        except OSError as error:
            raise LoadError("a sender has ended") from error
        limit = time.monotonic() + seconds + SLACK_S
        return [_answer(pipe, limit) for pipe in self._pipes]


def _answer(pipe: Connection, limit: float) -> Any:
    try:
        if not pipe.poll(max(0.0, limit - time.monotonic())):
            raise LoadError("a sender doesn't answer; is this machine out of memory?")
        answer = pipe.recv()
    except (EOFError, OSError) as error:
        raise LoadError("a sender ended before its job was done") from error
    if isinstance(answer, grpc.FutureTimeoutError):
        raise answer
    if isinstance(answer, Exception):
        raise LoadError(f"a sender failed: {answer}") from answer
    return answer
