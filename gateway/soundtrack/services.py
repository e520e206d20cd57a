"""The two services as the composer asks them: within the call's time, until nobody waits for the answer."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from ambiance.errors import DeadlineError, InvalidInputError, OverloadedError
from ambiance.music.v1.music_index_service_pb2 import FindNeighborsRequest, FindNeighborsResponse
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.text.v1.text_service_pb2 import EncodedText, EncodeTextsRequest, EncodeTextsResponse
from ambiance.type.v1.space_pb2 import ArtifactVersion, Vector
from gateway.matching import NeighborFinder, TextEncoder, found_by, require_results

LONGEST_CALL_S = 30.0  # that one call may take of the soundtrack's time
# A service that has no permit free is asked again when it says so: a soundtrack takes hundreds of calls,
# and one that is refused must not cost the others. But not for ever.
PATIENCE_S = 10.0

Request = TypeVar("Request")
Response = TypeVar("Response")


class Call(Protocol):
    """What is asked of the call that a soundtrack is composed for; `grpc.ServicerContext` is one."""

    def is_active(self) -> bool: ...

    def time_remaining(self) -> float | None: ...


class Clock:
    """The time of one soundtrack."""

    def __init__(self, call: Call, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """Start it: `seconds` is all there is."""
        self._call, self._now, self._end = call, now, now() + seconds

    def left(self, peer: str) -> float:
        """Seconds for a call to a service, above 0.

        Raises:
            DeadlineError: if the time is spent or the caller has left.
        """
        return min(self._left(f"the {peer} was asked"), LONGEST_CALL_S)

    def require(self) -> None:
        """Require that there is time to go on, however long the caller took over what was sent.

        Raises:
            DeadlineError: if the time is spent or the caller has left.
        """
        self._left("the soundtrack was whole")

    def wait(self, seconds: float) -> None:
        """Wait so long, unless the time ends before."""
        time.sleep(max(0.0, min(seconds, self._end - self._now())))

    def _left(self, before: str) -> float:
        left = self._end - self._now()
        if left <= 0 or not self._call.is_active():
            raise DeadlineError(f"the deadline passed before {before}")
        return left


class Services:
    """Both services, for one soundtrack; remembers which versions answered."""

    def __init__(self, encoder: TextEncoder, finder: NeighborFinder, clock: Clock) -> None:
        self._encoder, self._finder, self._clock = encoder, finder, clock
        self.model = ArtifactVersion()

    def encode(self, texts: Sequence[str]) -> list[EncodedText | None]:
        """Read texts, in order; None for one that the service refuses as it has no word it can read.

        Raises:
            AmbianceError: as the service answers, but for that.
        """
        results: list[EncodedText | None] = [None] * len(texts)
        wanted = list(range(len(texts)))
        while wanted:
            try:
                request = EncodeTextsRequest(texts=[texts[i] for i in wanted])
                response: EncodeTextsResponse = self._ask("text service", self._encoder.encode, request)
            except InvalidInputError as error:
                refused = {each.field for each in error.violations}
                left = [i for at, i in enumerate(wanted) if f"texts[{at}]" not in refused]
                if len(left) == len(wanted):
                    raise
                wanted = left
                continue
            require_results("text service", len(response.results), len(wanted))
            self.model = response.model
            for i, result in zip(wanted, response.results, strict=True):
                results[i] = result
            break
        return results

    def find(self, queries: Sequence[Vector], options: SearchOptions) -> FindNeighborsResponse:
        """Find the clips near each vector, in order; raises as `found_by`."""
        return found_by(
            lambda request: self._ask("music index service", self._finder.find_neighbors, request),
            FindNeighborsRequest(queries=queries, options=options),
        )

    def _ask(self, peer: str, rpc: Callable[[Request, float], Response], request: Request) -> Response:
        waited = 0.0
        while True:
            try:
                return rpc(request, self._clock.left(peer))
            except OverloadedError as error:
                pause = max(error.retry_after_s, 0.05)
                waited += pause
                if waited > PATIENCE_S:
                    raise
                self._clock.wait(pause)
