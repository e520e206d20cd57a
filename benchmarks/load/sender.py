"""A process that makes calls: it does as little as it can for each, and notes when each was due and done.

Calls are futures whose callbacks run on gRPC's own threads. grpc.aio takes as much CPU for a call, and
asyncio's clock ticks in milliseconds: its sends are up to one late, where a thread that sleeps wakes within
a tenth of that. Nothing is parsed while calls are running.
"""

import gc
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc

from load.jobs import ClosedLoop, Connect, OpenLoop, Samples, Work
from load.recorder import Recorder
from load.target import Target
from training.lifetimes import end_with_parent

MAX_IN_FLIGHT = 10_000  # of one sender: what it holds in memory stays bounded
CONNECT_S = 5.0
GRACE_S = 1.0  # for answers after the last deadline
NICENESS = -10
SWITCH_S = 5e-4  # so that a call that is due waits less for a callback that is running


class Sender:
    """Connections to each target, and the two loops over them."""

    def __init__(self, connections: int, has_priority: bool) -> None:
        self._connections, self._has_priority = connections, has_priority
        self._channels: dict[Target, list[grpc.Channel]] = {}

    def connect(self, target: Target) -> bool:
        """Open the connections to a target; returns whether this process was granted priority.

        Raises:
            grpc.FutureTimeoutError: if it isn't there within CONNECT_S seconds.
        """
        if target not in self._channels:
            self._channels[target] = [target.channel() for _ in range(self._connections)]
        for channel in self._channels[target]:
            grpc.channel_ready_future(channel).result(CONNECT_S)
        return self._has_priority

    def _methods(self, work: Work) -> list[Any]:
        return [channel.unary_unary(work.method) for channel in self._channels[work.target]]

    def open_loop(self, job: OpenLoop) -> Samples:
        """Send each call when it is due; the latest end is one deadline after the last."""
        work, recorder = job.work, Recorder(job.work, job.start + job.warm_up_s)
        timeout, metadata = work.deadline_s, work.target.metadata
        methods = self._methods(work)
        cpu, begin, dues = time.process_time(), time.monotonic(), (job.start + job.due_s).tolist()
        running: dict[int, float] = {}
        for i, due in enumerate(dues):
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            sent = time.monotonic()
            if sent - due > timeout or len(running) >= MAX_IN_FLIGHT:
                recorder.skip(due)
                continue
            running[i] = due
            request = work.requests[(job.first_request + i) % len(work.requests)]
            call = methods[i % len(methods)].future(request, timeout=timeout, metadata=metadata)
            call.add_done_callback(partial(_end, recorder, running, i, due, sent))
        cpu, wall = time.process_time() - cpu, time.monotonic() - begin
        _wait_until(lambda: len(recorder.rows) == len(dues), timeout + GRACE_S)
        lost = [due for i in list(running) if (due := running.pop(i, None)) is not None]
        # A call that isn't among them any more is being noted at this moment.
        _wait_until(lambda: len(recorder.rows) + len(lost) == len(dues), GRACE_S)
        return recorder.samples(cpu, wall, lost)

    def closed_loop(self, job: ClosedLoop) -> Samples:
        """A thread for each call in flight. A call counts if it ends in time."""
        recorder = Recorder(job.work)
        numbers = itertools.count(job.first_request)
        methods = self._methods(job.work)
        threads = [
            threading.Thread(target=_call_on, args=(job, methods[i % len(methods)], numbers, recorder))
            for i in range(job.in_flight)
        ]
        time.sleep(max(0.0, job.start - time.monotonic()))
        cpu, begin = time.process_time(), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return recorder.samples(time.process_time() - cpu, time.monotonic() - begin, [])


def _end(recorder: Recorder, running: dict[int, float], i: int, due: float, sent: float, call: Any) -> None:
    if running.pop(i, None) is None:
        return  # given up: it counts as lost
    if call.code() is grpc.StatusCode.OK:
        recorder.answered(due, sent, call.result())
    else:
        recorder.failed(due, sent, call)


def _wait_until(condition: Callable[[], bool], limit_s: float) -> None:
    limit = time.monotonic() + limit_s
    while not condition() and time.monotonic() < limit:
        time.sleep(0.002)


def _call_on(job: ClosedLoop, method: Any, numbers: "itertools.count[int]", recorder: Recorder) -> None:
    """One call after another until the time is over."""
    work, end = job.work, job.start + job.seconds
    while (sent := time.monotonic()) < end:
        request = work.requests[next(numbers) % len(work.requests)]
        try:
            reply = method(request, timeout=work.deadline_s, metadata=work.target.metadata)
        except grpc.RpcError as error:
            recorder.failed(sent, sent, error)
        else:
            recorder.answered(sent, sent, reply)


def serve(pipe: Connection, connections: int) -> None:
    """Do one job after another until the parent ends. The answer to a failed job is its error."""
    end_with_parent()
    sys.setswitchinterval(SWITCH_S)
    sender = Sender(connections, ask_for_priority())
    gc.collect()
    gc.freeze()  # what is there by now needn't be looked through again while calls are running
    with suppress(EOFError, KeyboardInterrupt):  # the parent has ended, or ends now
        while True:
            _answer(pipe, sender, pipe.recv())


def ask_for_priority() -> bool:
    """Go before the processes under load where they share the machine, as senders elsewhere would.

    A sender that waits for a core behind an overloaded server is late, and its lateness isn't the server's
    latency. Only a privileged user may ask for that; returns whether it was granted.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        # Linux may weigh whole sessions rather than their processes, by a niceness of their own.
        os.setsid()
        if (group := Path("/proc/self/autogroup")).exists():
            group.write_text(str(NICENESS), encoding="ascii")
    except OSError:
        return False
    return True


def _answer(pipe: Connection, sender: Sender, job: Connect | OpenLoop | ClosedLoop) -> None:
    try:
        pipe.send(_do(sender, job))
    except Exception as error:
        pipe.send(error)


def _do(sender: Sender, job: Connect | OpenLoop | ClosedLoop) -> Samples | bool:
    match job:
        case Connect():
            return sender.connect(job.target)
        case OpenLoop():
            return sender.open_loop(job)
        case ClosedLoop():
            return sender.closed_loop(job)
