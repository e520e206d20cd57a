"""Asks whether a medium can be played, again and later where the answer says nothing."""

from collections import Counter
from enum import StrEnum
from http import HTTPStatus

from ambiance.media.http_request import NoAnswerError, Requester
from ambiance.media.medium import Medium
from ambiance.media.pace import Pace

TRIES = 3
FIRST_PAUSE_S = 2.0  # before the second try, and twice as long before each further one
MAX_PAUSE_S = 300.0  # whoever wants to be left alone for longer is, until the next run
# So many unknown answers in a row, and a host is left alone, too.
MAX_UNKNOWN_IN_A_ROW = 5

# Not there, not for everybody, or not to be embedded: a player has nothing of it in either case.
_GONE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
    }
)

# Asked again at once, these would only be busier.
_BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class State(StrEnum):
    """What is known of a medium."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"  # the host didn't say: never marked


class Asker:
    """Asks about media, one after the other, at a pace."""

    def __init__(self, requester: Requester, pace: Pace) -> None:
        """Take what sends and what waits."""
        self._requester, self._pace = requester, pace
        self._unknown: Counter[str] = Counter()  # in a row, of each host
        self.left_alone: dict[str, str] = {}  # hosts that aren't asked any more, and why

    def ask(self, medium: Medium) -> State:
        """What is known of a medium, after at most TRIES tries. UNKNOWN without any of a host left alone."""
        if medium.host in self.left_alone:
            return State.UNKNOWN
        reason = ""
        for attempt in range(TRIES):
            state, pause_s, reason = self._try(medium)
            if state is not State.UNKNOWN:
                self._unknown[medium.host] = 0
                return state
            if pause_s is not None and pause_s > MAX_PAUSE_S:
                self.left_alone[medium.host] = f"asks to be left alone for {pause_s:,.0f} s"
                return State.UNKNOWN
            self._pace.pause(FIRST_PAUSE_S * 2**attempt if pause_s is None else pause_s)
        self._unknown[medium.host] += 1
        if self._unknown[medium.host] >= MAX_UNKNOWN_IN_A_ROW:
            self.left_alone[medium.host] = f"doesn't tell: {reason}"
        return State.UNKNOWN

    def _try(self, medium: Medium) -> tuple[State, float | None, str]:
        """The state, in how many seconds to ask again if that was said, and why it is unknown."""
        try:
            status, pause_s = self._status(medium)
        except NoAnswerError as error:
            return State.UNKNOWN, None, str(error)
        if _is_there(status):
            return State.THERE, None, ""
        if status in _GONE:
            return State.GONE, None, ""
        return State.UNKNOWN, pause_s, f"HTTP status {status}"

    def _status(self, medium: Medium) -> tuple[int, float | None]:
        if not medium.is_video:
            self._pace.wait()
            answer = self._requester.send("HEAD", medium.url)
            if _is_there(answer.status) or answer.status in _BUSY:
                return answer.status, answer.retry_after_s
        # Some servers know no HEAD, and say so in many ways: the first byte decides.
        self._pace.wait()
        headers = None if medium.is_video else {"Range": "bytes=0-0"}
        answer = self._requester.send("GET", medium.url, headers)
        return answer.status, answer.retry_after_s


def _is_there(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
