"""The part of both clients that writes: indexes of one's own, and the clips in them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from ambiance.clip_input import ClipInput
from ambiance.wire import write_calls
from ambiance.wire.calls import Call
from ambiance.write_results import IndexCreation, WriteResult

R = TypeVar("R")


class CatalogueWrites(ABC):
    """The methods of `ambiance.Client` that write, all by the music index service."""

    @abstractmethod
    def _send(self, call: Call[R], deadline_s: float | None) -> R:
        """The answer of a call."""

    def create_index(self, name: str, *, deadline_s: float | None = None) -> IndexCreation:
        """Make an index that clips may be written to; one that is there already is left as it is.

        The name has 1 to 64 lower-case letters, digits, "-" and "_", a letter first.
        """
        return self._send(write_calls.create_index(name), deadline_s)

    def delete_index(self, name: str, *, deadline_s: float | None = None) -> int:
        """Delete an index that `create_index` made, with every clip in it; returns how many these were.

        It is sent once: repeated after an answer that was lost, it would tell of no such index.
        """
        return self._send(write_calls.delete_index(name), deadline_s)

    def upsert_clips(
        self, clips: Sequence[ClipInput], *, index: str = "", deadline_s: float | None = None
    ) -> list[WriteResult]:
        """Write 1 to 1,000 clips: new ids are added, others replaced; one result per clip, in order.

        A clip that is refused, by the service or as no message can hold it, doesn't keep the others from
        being written. What is answered survives a crash, and every search from then on sees it. Clips go by
        their ids, so that writing them again changes nothing: the call is repeated on a lost connection, and
        may be after any error.

        What one request can't hold, above 16 MiB, is sent in several, each with `deadline_s` of its own;
        after an error the clips of those before it are written.
        """
        upsert = write_calls.upsert_clips(clips, index)
        written: list[WriteResult] = []
        for call in upsert.calls:
            results = self._send(call, deadline_s)
            written += results
        return upsert.results(written)

    def delete_clips(
        self, clip_ids: Sequence[str], *, index: str = "", deadline_s: float | None = None
    ) -> list[WriteResult]:
        """Delete 1 to 1,000 clips, also those of the released index. One result per id, in order.

        As with `upsert_clips`, the call is repeated on a lost connection; a clip that the lost one deleted is
        then answered with `WriteOutcome.NOT_FOUND`.
        """
        return self._send(write_calls.delete_clips(clip_ids, index), deadline_s)

    def report_unavailable(
        self,
        clip_ids: Sequence[str],
        *,
        index: str = "",
        available: bool = False,
        deadline_s: float | None = None,
    ) -> list[WriteResult]:
        """Say of 1 to 1,000 clips that they can't be played, or can again. One result per id, in order.

        It is kept as in `upsert_clips`, and searches leave such clips out unless they are asked for.
        """
        call = write_calls.report_unavailable(clip_ids, index, available=available)
        return self._send(call, deadline_s)

    def send(self, call: Call[R], *, deadline_s: float | None = None) -> R:
        """The answer of a call as `ambiance.wire` makes them, for whoever builds the messages."""
        return self._send(call, deadline_s)


class AsyncCatalogueWrites(ABC):
    """The methods of `ambiance.aio.Client` that write."""

    @abstractmethod
    async def _send(self, call: Call[R], deadline_s: float | None) -> R:
        """The answer of a call."""

    async def create_index(self, name: str, *, deadline_s: float | None = None) -> IndexCreation:
        """As `ambiance.Client.create_index`."""
        return await self._send(write_calls.create_index(name), deadline_s)

    async def delete_index(self, name: str, *, deadline_s: float | None = None) -> int:
        """As `ambiance.Client.delete_index`."""
        return await self._send(write_calls.delete_index(name), deadline_s)

    async def upsert_clips(
        self, clips: Sequence[ClipInput], *, index: str = "", deadline_s: float | None = None
    ) -> list[WriteResult]:
        """As `ambiance.Client.upsert_clips`."""
        upsert = write_calls.upsert_clips(clips, index)
        written: list[WriteResult] = []
        for call in upsert.calls:
            results = await self._send(call, deadline_s)
            written += results
        return upsert.results(written)

    async def delete_clips(
        self, clip_ids: Sequence[str], *, index: str = "", deadline_s: float | None = None
    ) -> list[WriteResult]:
        """As `ambiance.Client.delete_clips`."""
        return await self._send(write_calls.delete_clips(clip_ids, index), deadline_s)

    async def report_unavailable(
        self,
        clip_ids: Sequence[str],
        *,
        index: str = "",
        available: bool = False,
        deadline_s: float | None = None,
    ) -> list[WriteResult]:
        """As `ambiance.Client.report_unavailable`."""
        call = write_calls.report_unavailable(clip_ids, index, available=available)
        return await self._send(call, deadline_s)

    async def send(self, call: Call[R], *, deadline_s: float | None = None) -> R:
        """As `ambiance.Client.send`."""
        return await self._send(call, deadline_s)
