"""The part of both clients that streams a soundtrack."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, aclosing, closing
from typing import Any, Unpack

from ambiance.arguments import require_deadline
from ambiance.errors import OverloadedError
from ambiance.limits import DEFAULT_SOUNDTRACK_DEADLINE_S
from ambiance.soundtrack_arguments import SoundtrackArguments
from ambiance.soundtrack_results import SoundtrackPart
from ambiance.wire import soundtrack_calls
from ambiance.wire.calls import Call, Patience, Peer


class Soundtracks(ABC):
    """The method of `ambiance.Client` that streams."""

    @abstractmethod
    def _rpc(self, call: Call[Any]) -> Any:
        """What sends a call."""

    @abstractmethod
    def _errors(self, peer: Peer) -> AbstractContextManager[None]:
        """Turns errors of gRPC in a call to a peer into those of `ambiance.errors`."""

    @abstractmethod
    def _pause(self, pause_s: float) -> None:
        """Wait, no longer than the client is open."""

    def compose_soundtrack(
        self,
        text: str,
        *,
        deadline_s: float = DEFAULT_SOUNDTRACK_DEADLINE_S,
        **asked: Unpack[SoundtrackArguments],
    ) -> Generator[SoundtrackPart, None, None]:
        """The soundtrack of a text of 1 to 4,000,000 characters: `SoundtrackStart`, a `Cue` for each passage,
        `SoundtrackEnd`, each as soon as it is known.

        What may be asked for, by keyword, stands in `ambiance.soundtrack_arguments.SoundtrackArguments`.
        `deadline_s` is for the whole of it, what the caller does between two parts included: whoever follows
        a reader takes the parts first. Closing the generator cancels the work that isn't done. A refusal is
        waited out, and a broken connection mended, only before the first part; later the error is raised, and
        the parts until then stand: they may be asked for again as `decisions`. A stream that ends before
        `SoundtrackEnd` is a PeerError.
        """
        call = soundtrack_calls.compose_soundtrack(text, **asked)
        return self._composed(call, require_deadline(deadline_s))

    def _composed(self, call: Call[Any], deadline_s: float) -> Generator[SoundtrackPart, None, None]:
        patience = Patience(deadline_s)
        while True:
            parts = soundtrack_calls.Parts()
            try:
                with closing(self._messages(call, patience.left_s())) as messages:
                    for message in messages:
                        if (part := parts.read(message)) is not None:
                            yield part
                parts.check_whole()
                return
            except OverloadedError as refusal:
                if parts.have_begun or (pause_s := patience.pause_s(refusal)) is None:
                    raise
            self._pause(pause_s)

    def _messages(self, call: Call[Any], timeout_s: float) -> Generator[Any, None, None]:
        """The messages that answer a call, as they come; closing the generator cancels it."""
        with self._errors(call.peer):
            stream = self._rpc(call)(call.request, timeout=timeout_s)
            try:
                yield from stream
            finally:
                stream.cancel()  # of no effect once it is over


class AsyncSoundtracks(ABC):
    """The method of `ambiance.aio.Client` that streams."""

    @abstractmethod
    def _rpc(self, call: Call[Any]) -> Any:
        """As in `Soundtracks`."""

    @abstractmethod
    def _errors(self, peer: Peer) -> AbstractContextManager[None]:
        """As in `Soundtracks`."""

    @abstractmethod
    async def _pause(self, pause_s: float) -> None:
        """As in `Soundtracks`."""

    def compose_soundtrack(
        self,
        text: str,
        *,
        deadline_s: float = DEFAULT_SOUNDTRACK_DEADLINE_S,
        **asked: Unpack[SoundtrackArguments],
    ) -> AsyncGenerator[SoundtrackPart, None]:
        """As `ambiance.Client.compose_soundtrack`: `async for part in client.compose_soundtrack(text)`.

        Whoever leaves the loop early closes the generator, `contextlib.aclosing` say, for the work to end.
        """
        call = soundtrack_calls.compose_soundtrack(text, **asked)
        return self._composed(call, require_deadline(deadline_s))

    async def _composed(self, call: Call[Any], deadline_s: float) -> AsyncGenerator[SoundtrackPart, None]:
        patience = Patience(deadline_s)
        while True:
            parts = soundtrack_calls.Parts()
            try:
                async with aclosing(self._messages(call, patience.left_s())) as messages:
                    async for message in messages:
                        if (part := parts.read(message)) is not None:
                            yield part
                parts.check_whole()
                return
            except OverloadedError as refusal:
                if parts.have_begun or (pause_s := patience.pause_s(refusal)) is None:
                    raise
            await self._pause(pause_s)

    async def _messages(self, call: Call[Any], timeout_s: float) -> AsyncGenerator[Any, None]:
        """As in `Soundtracks`."""
        with self._errors(call.peer):
            stream = self._rpc(call)(call.request, timeout=timeout_s)
            try:
                async for message in stream:
                    yield message
            finally:
                stream.cancel()  # of no effect once it is over
