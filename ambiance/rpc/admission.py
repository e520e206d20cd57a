"""Who gets in: the threads that answer calls, and how a call is refused while all places are taken.

gRPC hands a call to a thread of the pool that its handler names in the attribute `experimental_thread_pool`;
nothing else of gRPC's that isn't public is used, and this is the only file that knows it.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

import grpc

from ambiance.errors import OverloadedError
from ambiance.rpc.errors import to_status

# When a refused caller may try again, in seconds: each is told another time between these, so that they don't
# come back together. A full house of single texts is answered within the first; batches take longer.
RETRY_AFTER_S = (0.1, 0.3)
_RETRY_TIMES = 16

P = ParamSpec("P")
T = TypeVar("T")
if TYPE_CHECKING:  # generic in its stubs only
    MethodHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]


class CallPool(ThreadPoolExecutor):
    """The threads that answer calls, and the count of the calls that were let in.

    Few threads: many would compete with gRPC's own for the interpreter's lock, and calls would wait in gRPC
    where no permit counts them. So a few slow calls, long batches say, hold up short ones.
    """

    def __init__(self, threads: int, permits: int) -> None:
        """Take how many calls are answered at the same time, and how many may be inside."""
        super().__init__(min(threads, permits), thread_name_prefix="call")
        self.permits, self._inside = permits, 0
        self._lock = threading.Lock()

    def is_empty(self) -> bool:
        """Whether every call that was let in has been answered."""
        return not self._inside

    def is_full(self) -> bool:
        """Whether the next call must be refused. Calls arrive in one thread, so none slips in after."""
        return self._inside >= self.permits

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As the base class does."""
        with self._lock:
            self._inside += 1
        return super().submit(self._count_out, fn, *args, **kwargs)  # type: ignore[arg-type]

    def _count_out(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return fn(*args, **kwargs)
        finally:
            with self._lock:
                self._inside -= 1


class _CallingThread(ThreadPoolExecutor):
    """Runs what is submitted at once, in the thread that submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As the base class does, except when."""
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
