"""The asyncio client: `ambiance.Client` with awaitable methods, the same results and the same errors."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import grpc
import grpc.aio

from ambiance.arguments import require_deadline
from ambiance.catalogue_writes import AsyncCatalogueWrites
from ambiance.channel import CHANNEL_OPTIONS, DEFAULT_DEADLINE_S
from ambiance.client import CLOSED_MESSAGE, DEFAULT_MUSIC_TARGET, DEFAULT_TARGET, DEFAULT_TEXT_TARGET
from ambiance.errors import OverloadedError, PreconditionError, UnavailableError
from ambiance.limits import DEFAULT_K, DEFAULT_PAGE_SIZE, DEFAULT_STEPS
from ambiance.results import (
    ArtifactVersion,
    Clip,
    EncodedText,
    Index,
    Label,
    MatchResult,
    SearchResult,
    Vector,
    VersionStatus,
)
from ambiance.search_arguments import SearchArguments
from ambiance.soundtrack_streams import AsyncSoundtracks
from ambiance.status_codes import from_rpc_error
from ambiance.targets import resolvable
from ambiance.wire import calls, version_calls
from ambiance.wire.search_messages import search_options

LOOP_MESSAGE = (
    "client belongs to another event loop, which is still open; each loop needs a client of its own"
)

R = TypeVar("R")


class Client(AsyncCatalogueWrites, AsyncSoundtracks):
    """`ambiance.Client` for one event loop at a time: the one that runs at the first call, and once that is
    closed another. It may be made outside of any.

    `ambiance.Client` tells of the errors; a call or a close from a second loop while the first is open is a
    PreconditionError, too.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        text_target: str = DEFAULT_TEXT_TARGET,
        music_target: str = DEFAULT_MUSIC_TARGET,
        deadline_s: float = DEFAULT_DEADLINE_S,
    ) -> None:
        """Take the address ("host:port") of each service, and the deadline of a call in seconds.

        Raises:
            InvalidInputError: if an address can't be called, or the deadline isn't above 0 and at most a day.
        """
        self._deadline_s = require_deadline(deadline_s)
        self._targets = version_calls.addresses(target, text_target, music_target)
        self._addresses = {
            peer: resolvable(address, peer.target_field) for peer, address in self._targets.items()
        }
        self._loop: asyncio.AbstractEventLoop | None = None  # to which a channel belongs for good
        self._channels: list[grpc.aio.Channel] = []
        self._stubs: dict[calls.Peer, Any] = {}
        self._closed = False
        self._closing = asyncio.Event()  # ends the pauses of calls that were refused

    async def match(
        self,
        text: str,
        k: int = DEFAULT_K,
        *,
        space: str = "",
        explain: bool = False,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> MatchResult:
        """As `ambiance.Client.match`."""
        call = calls.match_text(text, search_options(k, **options), space=space, explain=explain)
        return await self._send(call, deadline_s)

    async def match_batch(
        self,
        texts: Sequence[str],
        k: int = DEFAULT_K,
        *,
        space: str = "",
        explain: bool = False,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[MatchResult]:
        """As `ambiance.Client.match_batch`."""
        call = calls.match_texts(texts, search_options(k, **options), space=space, explain=explain)
        return await self._send(call, deadline_s)

    async def encode(
        self, texts: Sequence[str], *, explain: bool = False, deadline_s: float | None = None
    ) -> list[EncodedText]:
        """As `ambiance.Client.encode`."""
        return await self._send(calls.encode_texts(texts, explain=explain), deadline_s)

    async def search(
        self,
        queries: Sequence[Vector],
        k: int = DEFAULT_K,
        *,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """As `ambiance.Client.search`."""
        return await self._send(calls.find_neighbors(queries, search_options(k, **options)), deadline_s)

    async def find_similar(
        self,
        clip_ids: Sequence[str],
        k: int = DEFAULT_K,
        *,
        space: str = "",
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """As `ambiance.Client.find_similar`."""
        call = calls.find_similar(clip_ids, search_options(k, **options), space=space)
        return await self._send(call, deadline_s)

    async def find_path(
        self,
        start: Vector,
        end: Vector,
        steps: int = DEFAULT_STEPS,
        *,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> SearchResult:
        """As `ambiance.Client.find_path`."""
        call = calls.find_path(start, end, steps, search_options(0, **options))
        return await self._send(call, deadline_s)

    async def list_labels(
        self, prefix: str = "", *, parent: str = "", index: str = "", deadline_s: float | None = None
    ) -> list[Label]:
        """As `ambiance.Client.list_labels`."""
        return await self._send(calls.list_labels(prefix, parent, index), deadline_s)

    async def get_clip(self, clip_id: str, *, index: str = "", deadline_s: float | None = None) -> Clip:
        """As `ambiance.Client.get_clip`."""
        return await self._send(calls.get_clip(clip_id, index), deadline_s)

    async def get_clips(
        self, clip_ids: Sequence[str], *, index: str = "", deadline_s: float | None = None
    ) -> list[Clip]:
        """As `ambiance.Client.get_clips`."""
        return await self._send(calls.get_clips(clip_ids, index), deadline_s)

    def list_clips(
        self, *, index: str = "", page_size: int = DEFAULT_PAGE_SIZE, deadline_s: float | None = None
    ) -> AsyncIterator[Clip]:
        """As `ambiance.Client.list_clips`: `async for clip in client.list_clips()`."""
        return self._pages(calls.list_clips(index, page_size), self._deadline(deadline_s))

    async def list_indexes(self, *, deadline_s: float | None = None) -> list[Index]:
        """As `ambiance.Client.list_indexes`."""
        return await self._send(calls.list_indexes(), deadline_s)

    async def list_versions(self, *, deadline_s: float | None = None) -> list[VersionStatus]:
        """As `ambiance.Client.list_versions`."""
        return version_calls.merged_versions(
            [await self._send(call, deadline_s) for call in version_calls.list_versions()]
        )

    async def reload_artifacts(
        self, kind: str = "", version: int = 0, *, deadline_s: float | None = None
    ) -> list[ArtifactVersion]:
        """As `ambiance.Client.reload_artifacts`."""
        every_call = version_calls.reload_artifacts(kind, version)
        return version_calls.merged_serving([await self._send(call, deadline_s) for call in every_call])

    async def close(self) -> None:
        """Close every connection; calls that are running end with an UnavailableError, as do later ones."""
        self._enter_loop()
        self._closed = True
        self._closing.set()
        for channel in self._channels:
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _deadline(self, deadline_s: float | None) -> float:
        return self._deadline_s if deadline_s is None else require_deadline(deadline_s)

    async def _pages(self, call: calls.Call[calls.Page] | None, deadline_s: float) -> AsyncIterator[Clip]:
        while call is not None:
            page = await self._send(call, deadline_s)
            for clip in page.clips:
                yield clip
            call = page.following

    async def _send(self, call: calls.Call[R], deadline_s: float | None) -> R:
        patience = calls.Patience(self._deadline(deadline_s))
        while True:
            try:
                return call.parse(await self._try(call, patience.left_s()))
            except OverloadedError as refusal:
                if (pause_s := patience.pause_s(refusal)) is None:
                    raise
            await self._pause(pause_s)

    async def _pause(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), pause_s)

    async def _try(self, call: calls.Call[Any], timeout_s: float) -> Any:
        with self._errors(call.peer):
            return await self._rpc(call)(call.request, timeout=timeout_s)

    def _rpc(self, call: calls.Call[Any]) -> Any:
        if self._closed:
            raise UnavailableError(CLOSED_MESSAGE)
        return getattr(self._stub(call.peer), call.method)

    @contextmanager
    def _errors(self, peer: calls.Peer) -> Iterator[None]:
        """Raise what gRPC raises in a call as a caller of the client knows it."""
        try:
            yield
        except asyncio.CancelledError as error:
            if not self._closed or _is_cancelled(asyncio.current_task()):
                raise
            raise UnavailableError(CLOSED_MESSAGE) from error
        except grpc.RpcError as error:
            told = from_rpc_error(error, f"{peer.name} at {self._targets[peer]}")
            raise calls.by_argument(told) from error

    def _stub(self, peer: calls.Peer) -> Any:
        self._enter_loop()
        if peer not in self._stubs:
            channel = grpc.aio.insecure_channel(self._addresses[peer], options=CHANNEL_OPTIONS)
            self._channels.append(channel)
            self._stubs[peer] = peer.make_stub(channel)
        return self._stubs[peer]

    def _enter_loop(self) -> None:
        """Belong to the running loop. The channels of a loop that is closed are of no use to another."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise PreconditionError(LOOP_MESSAGE)
        self._loop, self._closing = loop, asyncio.Event()
        self._channels.clear()
        self._stubs.clear()


def _is_cancelled(task: asyncio.Task[Any] | None) -> bool:
    """Whether somebody cancelled the task itself; a channel that closes only cancels the calls in it."""
    return task is not None and task.cancelling() > 0
