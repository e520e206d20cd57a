"""Admission to a real server: who waits, who is refused at what cost, and when a permit is free again."""

import itertools
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.errors import OverloadedError
from ambiance.server import admission
from ambiance.server.admission import CallPool, Refusals
from ambiance.server.lifecycle import Application, HealthReporter, Servicer, create_server
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics
from ambiance.status_codes import from_rpc_error

SERVICE, METHOD = "test.Holder", "Hold"
FAULTY = b"faulty"


class Holder:
    """A server whose only method answers when the test says so."""

    def __init__(self, threads: int, permits: int, queue: int, queue_seconds: float) -> None:
        self.entered, self.leave = threading.Semaphore(0), threading.Semaphore(0)
        self.decoded: list[bytes] = []
        self.begun: list[bytes] = []
        self.metrics = RpcMetrics()
        handler = grpc.unary_unary_rpc_method_handler(self._hold, request_deserializer=self._decode)
        generic = grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})
        servicer = Servicer(SERVICE, lambda server: server.add_generic_rpc_handlers((generic,)))
        settings = ServerSettings(threads=threads, permits=permits, queue=queue, queue_seconds=queue_seconds)
        application = Application([servicer])
        self.server, port, self.inside = create_server(
            application, settings, self.metrics, HealthReporter([])
        )
        self.server.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.call = self.channel.unary_unary(f"/{SERVICE}/{METHOD}")

    def _decode(self, data: bytes) -> bytes:
        self.decoded.append(data)
        return data

    def _hold(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        self.begun.append(request)
        self.entered.release()
        assert self.leave.acquire(timeout=30)
        if request == FAULTY:
            raise RuntimeError
        return request

    def fill(self, running: int, waiting: int = 0) -> list[Any]:
        """Calls that hold a thread, and calls that wait for one; returns their futures."""
        futures = []
        for number in range(running + waiting):
            futures.append(self.call.future(b"%d" % number, timeout=30))
            if number < running:
                assert self.entered.acquire(timeout=5)
        return futures

    def refused(self) -> OverloadedError:
        with pytest.raises(grpc.RpcError) as raised:
            self.call(b"late", timeout=5)
        error = from_rpc_error(raised.value, "holder")
        assert isinstance(error, OverloadedError)
        return error

    def sample(self, name: str, **labels: str) -> float:
        """A figure of its metrics."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def wait_for_queue(self, length: int) -> None:
        """Until so many calls wait for a thread."""
        while self.sample("grpc_server_queue_length") != length:
            time.sleep(0.001)

    def close(self) -> None:
        for _ in range(1_000):
            self.leave.release()
        self.channel.close()
        self.server.stop(None).wait()


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts holders, in which calls wait for a thread as long as a test takes."""
    monkeypatch.setattr(admission, "PATIENCE_S", 60)
    with ExitStack() as stack:

        def start(threads: int, permits: int, queue: int = 0, queue_seconds: float = 60) -> Holder:
            holder = Holder(threads, permits, queue, queue_seconds)
            stack.callback(holder.close)
            return holder

        yield start


def test_calls_wait_for_a_thread_while_there_are_permits(hold: Any) -> None:
    holder = hold(threads=1, permits=3)
    calls = holder.fill(running=1, waiting=2)
    while "all 3 permits" not in str(holder.refused()):
        pass
    for _ in calls:
        holder.leave.release()
    assert [call.result(5) for call in calls] == [b"0", b"1", b"2"]


def test_a_burst_beyond_the_permits_queues_up_to_its_bound_and_its_newest_call_is_next(hold: Any) -> None:
    holder = hold(threads=1, permits=2, queue=8)
    calls = holder.fill(running=1, waiting=9)
    holder.wait_for_queue(9)
    assert "all 2 permits" in str(holder.refused())
    for _ in calls:
        holder.leave.release()
    assert [call.result(5) for call in calls] == [b"%d" % number for number in range(10)]
    # the oldest again as soon as the permits suffice
    assert holder.begun == [b"%d" % number for number in (0, 9, 8, 7, 6, 5, 4, 3, 1, 2)]
    holder.wait_for_queue(0)
    labels = {"grpc_service": SERVICE, "grpc_method": METHOD}
    assert holder.sample("grpc_server_queue_seconds_count", **labels) == 10
    assert holder.sample("grpc_server_queue_seconds_sum", **labels) > 0


def test_who_queues_takes_no_thread_and_holds_up_no_health_check(hold: Any) -> None:
    holder = hold(threads=2, permits=4, queue=500)
    calls = holder.fill(running=2)
    before = server_threads()
    calls += holder.fill(running=0, waiting=500)
    holder.wait_for_queue(500)
    check = health_pb2_grpc.HealthStub(holder.channel).Check  # type: ignore[attr-defined]
    assert check(health_pb2.HealthCheckRequest(), timeout=5).status
    names = {thread.name for thread in server_threads() - before}
    assert not {name for name in names - {"call_watch"} if name.startswith("call_")}
    assert not any(call.done() for call in calls)


def test_a_queue_that_lasts_is_closed_until_its_calls_are_gone(hold: Any) -> None:
    holder = hold(threads=1, permits=1, queue=500, queue_seconds=0.05)
    calls = holder.fill(running=1, waiting=1)
    holder.wait_for_queue(1)
    time.sleep(0.06)
    assert "the only permit" in str(holder.refused())
    for call in calls:
        holder.leave.release()
        call.result(5)
    while not holder.inside.is_empty():
        pass
    time.sleep(0.06)
    calls = holder.fill(running=1, waiting=3)
    holder.wait_for_queue(3)


def test_who_has_waited_too_long_when_it_is_an_overload_is_refused(hold: Any) -> None:
    holder = hold(threads=1, permits=1, queue=8, queue_seconds=0.05)
    running, *stale, last = holder.fill(running=1, waiting=3)
    holder.wait_for_queue(3)
    time.sleep(0.06)
    holder.refused()
    for _ in range(2):
        holder.leave.release()
    for call in stale:
        error = from_rpc_error(call.exception(5), "holder")
        assert isinstance(error, OverloadedError)
        assert str(error) == "holder: the only permit is taken, and more calls come than leave"
        assert error.retry_after_s > 0
    assert [running.result(5), last.result(5)] == [b"0", b"3"]  # the permit suffices for the last


@pytest.mark.parametrize("timeout", [0.1, 30])
def test_a_caller_who_goes_leaves_the_queue(hold: Any, timeout: float) -> None:
    holder = hold(threads=1, permits=1, queue=2)
    [running] = holder.fill(running=1)
    for _ in range(20):
        gone = [holder.call.future(b"gone", timeout=timeout) for _ in range(2)]
        if timeout > 1:
            holder.wait_for_queue(2)
            for call in gone:
                call.cancel()
        assert all(isinstance(_error(call), grpc.RpcError | grpc.FutureCancelledError) for call in gone)
        holder.wait_for_queue(0)
    [waiting] = holder.fill(running=0, waiting=1)
    holder.wait_for_queue(1)
    for _ in range(2):
        holder.leave.release()
    assert [running.result(5), waiting.result(5)] == [b"0", b"0"]
    while not holder.inside.is_empty():
        pass


def _error(call: Any) -> BaseException | None:
    try:
        error: BaseException | None = call.exception(5)
    except grpc.FutureCancelledError as cancelled:
        return cancelled
    return error


def test_calls_that_fail_leave_no_trace_in_the_queue(hold: Any) -> None:
    holder = hold(threads=1, permits=1, queue=8)
    for _ in range(3):
        calls = [holder.call.future(FAULTY, timeout=30) for _ in range(9)]
        for _ in calls:
            holder.leave.release()
        assert {call.exception(5).code() for call in calls} == {grpc.StatusCode.INTERNAL}
        while not holder.inside.is_empty():
            pass
        assert holder.sample("grpc_server_queue_length") == 0


def test_the_only_permit_is_named_as_such(hold: Any) -> None:
    holder = hold(threads=1, permits=1)
    holder.fill(running=1)
    assert str(holder.refused()).endswith("the only permit is taken")


def test_refused_callers_are_told_different_times(hold: Any) -> None:
    holder = hold(threads=1, permits=1)
    holder.fill(running=1)
    delays = [holder.refused().retry_after_s for _ in range(16)]
    first, last = admission.RETRY_AFTER_S
    assert len(set(delays)) == 16
    assert min(delays) == pytest.approx(first)
    assert max(delays) == pytest.approx(last)
    neighbours = itertools.pairwise(delays)
    assert all(abs(one - other) > (last - first) / 8 for one, other in neighbours)


def server_threads() -> set[threading.Thread]:
    """Those of either pool: that of calls, and that of health checks and the like."""
    return {thread for thread in threading.enumerate() if thread.name.startswith(("call_", "rpc_"))}


def test_a_refusal_reads_no_request_takes_no_thread_and_is_counted(hold: Any) -> None:
    holder = hold(threads=1, permits=1)
    holder.fill(running=1)
    before = server_threads()
    for _ in range(5):
        holder.refused()
    assert holder.decoded == [b"0"]
    assert not server_threads() - before
    port = serve_metrics(holder.metrics.registry, "127.0.0.1", 0)
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    labels = f'grpc_code="RESOURCE_EXHAUSTED",grpc_method="{METHOD}",grpc_service="{SERVICE}"'
    assert f"grpc_server_handled_total{{{labels}}} 5.0" in page


def test_a_call_that_was_cancelled_while_it_waited_gives_its_permit_back(hold: Any) -> None:
    holder = hold(threads=1, permits=2)
    running, waiting = holder.fill(running=1, waiting=1)
    waiting.cancel()
    holder.refused()  # by a server that has heard of the cancelling, which went over the same connection
    holder.leave.release()
    assert running.result(5) == b"0"
    for _ in range(2):  # one after the other, and then both at once
        [again] = holder.fill(running=1)
        holder.leave.release()
        assert again.result(5) == b"0"
    while not holder.inside.is_empty():  # a permit comes back just after the answer
        pass
    held = holder.fill(running=1, waiting=1)
    while not holder.inside.is_full():
        pass
    assert "all 2 permits" in str(holder.refused())
    assert len(held) == 2  # a call whose future is dropped is cancelled


def test_the_time_that_a_call_took_holds_its_wait_for_a_thread(hold: Any) -> None:
    holder = hold(threads=1, permits=2)
    calls = holder.fill(running=1, waiting=1)
    while not holder.inside.is_full():
        pass
    assert not holder.entered.acquire(timeout=0.2)
    for call in calls:
        holder.leave.release()
        call.result(5)
    labels = {"grpc_service": SERVICE, "grpc_method": METHOD}
    while not holder.inside.is_empty():
        pass
    assert holder.metrics.registry.get_sample_value("grpc_server_handling_seconds_sum", labels) > 0.4


def test_slow_calls_are_stood_in_for(hold: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    holder = hold(threads=2, permits=8)
    slow = holder.fill(running=8)  # each enters though none has left
    holder.refused()
    assert not any(call.done() for call in slow)


def test_callers_that_send_nothing_do_not_hold_up_the_rest(
    hold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    holder = hold(threads=2, permits=8)
    silence = threading.Event()
    opened = holder.channel.stream_unary(f"/{SERVICE}/{METHOD}")
    half_open = [opened.future(iter(silence.wait, True), timeout=30) for _ in range(4)]
    holder.leave.release()
    assert holder.call(b"whole", timeout=5) == b"whole"
    assert len(half_open) == 4
    silence.set()


def test_stand_ins_leave_when_slow_calls_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    running, most, lock = 0, 0, threading.Lock()

    def short() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1

    with CallPool(threads=1, permits=100) as pool:
        leave = threading.Event()
        slow = [pool.submit(leave.wait, 30) for _ in range(4)]
        for call in [pool.submit(short) for _ in range(20)]:
            call.result(30)
        leave.set()
        for call in slow:
            call.result(30)
        monkeypatch.setattr(admission, "PATIENCE_S", 60)  # a busy machine must not make slow what is short
        most = 0
        for call in [pool.submit(short) for _ in range(20)]:
            call.result(30)
    assert most == 1


def test_a_pool_counts_what_fails_as_ended() -> None:
    with CallPool(threads=1, permits=1) as pool:
        assert pool.submit(int, "no number").exception(5) is not None
        assert pool.submit(pool.is_full).result(5)
        assert not pool.is_full()
        assert pool.is_empty()


def test_a_refusal_is_answered_in_the_thread_that_took_the_call() -> None:
    threads: list[threading.Thread] = []

    class Context:
        def abort_with_status(self, status: grpc.Status) -> None:
            threads.append(threading.current_thread())

    handler = Refusals("full").handler(lambda: None)
    assert handler.request_streaming
    behavior: Any = handler.stream_unary
    behavior.experimental_thread_pool.submit(behavior, iter(()), Context()).result(0)
    assert threads == [threading.current_thread()]
