"""Who gets in: the threads that answer calls, and how a call is refused while all places are taken.

    arrives ─> fewer inside than permits? ─ yes ─> waits for a thread ─> is answered
                  └ no ─> a burst, as `ambiance.server.admission_bursts` has it? ─ yes ─> queues with those
                             └ no ─> is refused

Calls that wait are entries of one deque and hold no thread, whether they have a permit or queue for one. The
oldest is answered first; while there are more inside than permits, the newest. In a burst that is all the
same to the last of them. At the beginning of an overload it keeps most answers prompt, where a queue in order
would make all of them late; those that have waited too long when it is known to be one are refused. A call
whose caller goes, or whose deadline passes, leaves then. Health checks have threads of their own.

gRPC hands a call to a thread of the pool that its handler names in the attribute `experimental_thread_pool`,
and among the arguments is what its own code makes the call's context from. Nothing else of gRPC's that isn't
public is used here; of the other files of the server only `ambiance.server.slow_readers` uses more.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import grpc
from grpc import _server

from ambiance.errors import OverloadedError
from ambiance.server.admission_bursts import Bursts
from ambiance.status_codes import to_status

# When a refused caller may try again, in seconds: each is told another time between these, so that they don't
# come back together. A full house of single texts is answered within the first; batches take longer.
RETRY_AFTER_S = (0.1, 0.3)
_RETRY_TIMES = 16

# How long a call may go on before it counts as slow, in seconds.
PATIENCE_S = 0.1

P = ParamSpec("P")
T = TypeVar("T")
if TYPE_CHECKING:  # generic in its stubs only
    MethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]


@dataclass(eq=False)
class Admitted:
    """A call that was let in. Times are as `perf_counter` tells them."""

    run: Callable[[], Any]
    ended: Future[Any]
    arrived: float
    began: float = 0.0  # 0 while it waits for a thread
    is_shed: bool = False  # whether it waited too long in what is an overload, so that it is to be refused


class CallPool(ThreadPoolExecutor):
    """The threads that answer calls, and the count of the calls that were let in.

    Few threads: many would compete with gRPC's own for the interpreter's lock, and calls would wait in gRPC
    where no permit counts them. But while calls wait, a further thread stands in for each that is slow: one
    that has gone on for PATIENCE_S, as a long batch does, or a call that was opened and is never sent.
    """

    def __init__(
        self,
        threads: int,
        permits: int,
        queue: int = 0,
        queue_s: float = 0.0,
        note_waiting: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the numbers.

        Args:
            threads: calls that are answered at the same time, slow ones aside.
            permits: calls that may be inside at any time, and slow ones that are answered at the same time.
            queue, queue_s: how many calls may queue for a permit, and for how long there may be such, see
                `Bursts`.
            note_waiting: is told how many calls wait for a thread when that changes.
        """
        self._usual = min(threads, permits)
        super().__init__(self._usual, thread_name_prefix="call")
        self._most_stand_ins = permits - self._usual
        self._stand_ins = ThreadPoolExecutor(max(1, self._most_stand_ins), thread_name_prefix="call_stand_in")
        self._answering = threading.local()
        self.permits = permits
        self._bursts, self._queue_s = Bursts(permits, queue, queue_s), queue_s
        self._note_waiting = note_waiting
        self._lock = threading.Lock()  # of what follows
        self._inside = 0
        self._waiting: deque[Admitted] = deque()
        self._running: set[Admitted] = set()
        self._watched, self._standing_in = False, 0
        self._start_threads()

    def _start_threads(self) -> None:
        """Start every thread now: the first calls would each wait for one to start."""
        all_there = threading.Barrier(self._usual + 1)
        for _ in range(self._usual):
            super().submit(all_there.wait)
        all_there.wait()

    def is_empty(self) -> bool:
        """Whether every call that was let in has been answered."""
        return not self._inside

    def is_full(self) -> bool:
        """Whether every permit is taken."""
        return self._inside >= self.permits

    def refuses_next(self) -> bool:
        """Whether the call that arrives now must be refused. Calls arrive in one thread, so none slips in."""
        return self._bursts.refuses(self._inside)

    def answering(self) -> Admitted:
        """The call that this thread answers."""
        call: Admitted = self._answering.call
        return call

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As the base class does."""
        call = Admitted(partial(fn, *args, **kwargs), Future(), perf_counter())
        context = _context(args) if self.is_full() else None
        with self._lock:
            self._inside += 1
            self._waiting.append(call)
            self._note_waiting(len(self._waiting))
            unwatched = self._inside > self._usual and not self._watched
            self._watched |= unwatched
        if context is not None:
            context.add_callback(partial(self._leave, call))
        super().submit(self._answer_next)
        if unwatched:
            threading.Thread(target=self._watch, name="call_watch", daemon=True).start()
        return call.ended

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut down the stand-ins as well; the arguments are the base class's."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._stand_ins.shutdown(wait, cancel_futures=cancel_futures)

    def _answer_next(self) -> bool:
        """Answer the call whose turn it is; returns whether there was one."""
        with self._lock:
            if not self._waiting:  # a stand-in took it
                return False
            call = self._next()
            self._note_waiting(len(self._waiting))
            call.began = perf_counter()
            self._running.add(call)
        self._answering.call, result, error = call, None, None
        try:
            result = call.run()
        except BaseException as raised:  # the future holds it, as with the base class
            error = raised
        with self._lock:
            self._running.remove(call)
            self._inside -= 1
        if error is None:
            call.ended.set_result(result)
        else:
            call.ended.set_exception(error)
        return True

    def _next(self) -> Admitted:
        """Take the next call out of those that wait, see the module's description."""
        if self._inside <= self.permits:
            return self._waiting.popleft()
        oldest = self._waiting[0]
        if self._bursts.overloaded and perf_counter() - oldest.arrived > self._queue_s:
            oldest.is_shed = True
            return self._waiting.popleft()
        return self._waiting.pop()

    def _leave(self, call: Admitted) -> None:
        """Free the place of a call that has ended, if it still waits: nobody waits for its answer."""
        with self._lock:
            if call.began:
                return
            self._waiting.remove(call)
            self._note_waiting(len(self._waiting))
            self._inside -= 1
        call.ended.set_result(None)

    def _watch(self) -> None:
        """While calls wait, start a stand-in thread for each slow call."""
        while True:
            time.sleep(PATIENCE_S)
            with self._lock:
                if not self._waiting:
                    self._watched = False
                    return
                missing = min(self._slow(), self._most_stand_ins) - self._standing_in
                self._standing_in += max(0, missing)
            for _ in range(missing):
                self._stand_ins.submit(self._stand_in)

    def _stand_in(self) -> None:
        """Answer waiting calls while slow ones keep that many of the usual threads busy."""
        needed = True
        while needed:
            answered = self._answer_next()
            with self._lock:
                needed = answered and self._standing_in <= self._slow()
                self._standing_in -= not needed

    def _slow(self) -> int:
        """How many running calls have taken more than PATIENCE_S."""
        latest = perf_counter() - PATIENCE_S
        return sum(call.began < latest for call in self._running)


def _context(arguments: Sequence[Any]) -> grpc.ServicerContext | None:
    """The context of the call that gRPC submits with such arguments; None if they aren't gRPC's."""
    match arguments:
        case [_, event, _server._RPCState() as state, *_]:
            context: grpc.ServicerContext = _server._Context(event, state, None)
            return context
    return None


class _CallingThread(ThreadPoolExecutor):
    """Runs what is submitted at once, in the thread that submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn` now; the future that is returned holds its result already."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def answered_in(pool: ThreadPoolExecutor, behavior: Callable[..., Any]) -> Callable[..., Any]:
    """The behaviour of a handler, to be run by a thread of the pool."""
    behavior.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return behavior


class Refusals:
    """Makes handlers that answer RESOURCE_EXHAUSTED with RetryInfo.

    They cost the least that Python's gRPC allows: no thread is woken, the request isn't read (hence the
    stream), and the statuses are ready-made.
    """

    def __init__(self, reason: str) -> None:
        """Take the message."""
        first, last = RETRY_AFTER_S
        delays = [first + (last - first) * i / (_RETRY_TIMES - 1) for i in range(_RETRY_TIMES)]
        dealt = [delay for start in range(4) for delay in delays[start::4]]  # neighbours get times far apart
        self._statuses = itertools.cycle([to_status(OverloadedError(reason, delay)) for delay in dealt])

    def handler(self, note: Callable[[], None]) -> "MethodHandler":
        """A handler that calls `note` and refuses."""

        def refuse(_requests: Iterator[Any], context: grpc.ServicerContext) -> None:
            note()
            context.abort_with_status(next(self._statuses))

        return grpc.stream_unary_rpc_method_handler(answered_in(_CALLING_THREAD, refuse))


_CALLING_THREAD = _CallingThread(1)
