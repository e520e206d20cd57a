"""Sends one HTTP request for its status alone, and takes no longer than it may."""

import http.client
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue

# Of http and https alone, through the proxies that the environment names, following up to ten redirects.
_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.UnknownHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
)
USER_AGENT = "ambiance-check-media"


class NoAnswerError(Exception):
    """Raised when no status came: the connection failed, or took too long. The message says which."""


@dataclass(frozen=True)
class Answer:
    """The status of the last response, and in how many seconds to ask again if it said so."""

    status: int
    retry_after_s: float | None = None


class Requester:
    """Sends requests, one at a time."""

    def __init__(self, timeout_s: float) -> None:
        """Take how many seconds a request may take, redirects and all."""
        self._timeout_s = timeout_s
        self._opener = urllib.request.OpenerDirector()
        for handler in _HANDLERS:
            self._opener.add_handler(handler())

    def send(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a request; its body isn't read.

        Raises:
            NoAnswerError: if there is none in time.
        """
        answers: SimpleQueue[Answer | NoAnswerError] = SimpleQueue()

        def ask() -> None:
            answers.put(self._ask(method, url, {"User-Agent": USER_AGENT, **(headers or {})}))

        # Sockets know only how long a single read may take: a server that sends a byte now and then would
        # hold the check for ever. Its thread is left to its fate.
        threading.Thread(target=ask, daemon=True, name="check-media").start()
        try:
            answer = answers.get(timeout=self._timeout_s)
        except Empty:
            raise NoAnswerError(f"no answer within {self._timeout_s:g} s") from None
        if isinstance(answer, NoAnswerError):
            raise answer
        return answer

    def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> Answer | NoAnswerError:
        try:
            request = urllib.request.Request(url, headers=dict(headers), method=method)
            with self._opener.open(request, timeout=self._timeout_s) as response:
                return Answer(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, retry_after_s(error.headers.get("Retry-After")))
        except (
            OSError,
            http.client.HTTPException,
            ValueError,
        ) as error:
            return NoAnswerError(str(error) or type(error).__name__)


def retry_after_s(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None without a valid one."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
