"""The synchronous client: what another backend calls Ambiance with. `ambiance.aio` is its twin."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import grpc

from ambiance.arguments import require_deadline
from ambiance.catalogue_writes import CatalogueWrites
from ambiance.channel import (
    CHANNEL_OPTIONS,
    DEFAULT_DEADLINE_S,
    GATEWAY_PORT,
    MUSIC_INDEX_SERVICE_PORT,
    TEXT_SERVICE_PORT,
)
from ambiance.errors import OverloadedError, UnavailableError
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
from ambiance.soundtrack_streams import Soundtracks
from ambiance.status_codes import from_rpc_error
from ambiance.targets import resolvable
from ambiance.wire import calls, version_calls
from ambiance.wire.search_messages import search_options

DEFAULT_TARGET = f"localhost:{GATEWAY_PORT}"
DEFAULT_TEXT_TARGET = f"localhost:{TEXT_SERVICE_PORT}"
DEFAULT_MUSIC_TARGET = f"localhost:{MUSIC_INDEX_SERVICE_PORT}"

CLOSED_MESSAGE = "client is closed"

R = TypeVar("R")


class Client(CatalogueWrites, Soundtracks):
    """Calls the gateway, and the two services behind it where they can be reached.

    One client serves any number of threads; it connects on the first call to each service. Every method
    raises the errors of `ambiance.errors`.

    Raises:
        InvalidInputError: the request breaks its contract; `violations` name field, limit and offence.
        NotFoundError: there is no index of that name, or it has no such clip.
        PreconditionError: the services hold the space with different lineages, or the index is too old for
            the filter.
        OverloadedError: refused, after retries whenever the service said, for as long as `deadline_s` allows;
            try again after `retry_after_s` seconds.
        DeadlineError: no answer within `deadline_s` seconds.
        UnavailableError: a service can't be reached, after retries for about a third of a second, or the
            client is closed.
        PeerError: a service failed.
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
        self._channels = {
            peer: grpc.insecure_channel(resolvable(address, peer.target_field), options=CHANNEL_OPTIONS)
            for peer, address in self._targets.items()
        }
        self._stubs: dict[calls.Peer, Any] = {
            peer: peer.make_stub(channel) for peer, channel in self._channels.items()
        }
        self._closed = threading.Event()

    def match(
        self,
        text: str,
        k: int = DEFAULT_K,
        *,
        space: str = "",
        explain: bool = False,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> MatchResult:
        """The k clips (1 to 1,000) whose emotion is nearest to that of a text of 1 to 20,000 characters.

        An empty `space` means the gateway's default. `explain` asks which words moved the text's emotion
        most. What else may be asked for, by keyword, stands in `ambiance.search_arguments.SearchArguments`:
        the index, a seed for variety, a filter, and limits that keep an answer near and varied.

        A text that gives too little to go by is answered with calm music: `result.text.evidence` says so.
        What should be shown beside the answer stands in `result.text.notices`.
        """
        call = calls.match_text(text, search_options(k, **options), space=space, explain=explain)
        return self._send(call, deadline_s)

    def match_batch(
        self,
        texts: Sequence[str],
        k: int = DEFAULT_K,
        *,
        space: str = "",
        explain: bool = False,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[MatchResult]:
        """`match` for 1 to 256 texts in one call; one result per text, in order.

        Texts x k is at most 10,000; with `explain` the texts hold at most 20,000 characters together.
        """
        call = calls.match_texts(texts, search_options(k, **options), space=space, explain=explain)
        return self._send(call, deadline_s)

    def encode(
        self, texts: Sequence[str], *, explain: bool = False, deadline_s: float | None = None
    ) -> list[EncodedText]:
        """The emotion in each of 1 to 256 texts, in order, by the text service.

        `explain` asks which words moved it most; the texts then hold at most 20,000 characters together.
        """
        return self._send(calls.encode_texts(texts, explain=explain), deadline_s)

    def search(
        self,
        queries: Sequence[Vector],
        k: int = DEFAULT_K,
        *,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """The k clips nearest to each of 1 to 256 vectors of one space, in order, by the music index service.

        `[text.vectors["mood"] for text in client.encode(texts)]` are such vectors, and so is
        `Vector("vad", (0.9, 0.8, 0.7))`. Queries x k is at most 10,000. The options are as in `match`.
        """
        return self._send(calls.find_neighbors(queries, search_options(k, **options)), deadline_s)

    def find_similar(
        self,
        clip_ids: Sequence[str],
        k: int = DEFAULT_K,
        *,
        space: str = "",
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> list[SearchResult]:
        """The k clips most like each of 1 to 256 clips, in order, by the music index service.

        `space` is what they are compared in: "mood", by what is heard in them, or "vad". A clip is none of
        its own hits. The options are as in `match`.
        """
        call = calls.find_similar(clip_ids, search_options(k, **options), space=space)
        return self._send(call, deadline_s)

    def find_path(
        self,
        start: Vector,
        end: Vector,
        steps: int = DEFAULT_STEPS,
        *,
        deadline_s: float | None = None,
        **options: Unpack[SearchArguments],
    ) -> SearchResult:
        """A path of clips, 2 to 100, from one vector of a space to another, by the music index service.

        The mood changes evenly from clip to clip, no clip stands twice, and the distance of each is from its
        point on the straight way. The options are as in `match`, but for `seed`, and hold for the whole path.
        """
        call = calls.find_path(start, end, steps, search_options(0, **options))
        return self._send(call, deadline_s)

    def list_labels(
        self, prefix: str = "", *, parent: str = "", index: str = "", deadline_s: float | None = None
    ) -> list[Label]:
        """The labels that a filter may name, ordered by name, by the music index service.

        Only those that begin with `prefix`, and that are below `parent`, if these aren't empty.
        """
        return self._send(calls.list_labels(prefix, parent, index), deadline_s)

    def get_clip(self, clip_id: str, *, index: str = "", deadline_s: float | None = None) -> Clip:
        """The clip of an id, as in `Clip.id`, by the music index service."""
        return self._send(calls.get_clip(clip_id, index), deadline_s)

    def get_clips(
        self, clip_ids: Sequence[str], *, index: str = "", deadline_s: float | None = None
    ) -> list[Clip]:
        """The clips of 1 to 1,000 ids, in order, by the music index service; an id may stand twice."""
        return self._send(calls.get_clips(clip_ids, index), deadline_s)

    def list_clips(
        self, *, index: str = "", page_size: int = DEFAULT_PAGE_SIZE, deadline_s: float | None = None
    ) -> Iterator[Clip]:
        """Every clip of an index, ordered by id, by the music index service.

        They are asked for as they are needed, `page_size` (1 to 1,000) at a time, and `deadline_s` is that of
        each page. An index that is replaced meanwhile ends the list with an InvalidInputError (`page_token`).
        """
        return self._pages(calls.list_clips(index, page_size), self._deadline(deadline_s))

    def list_indexes(self, *, deadline_s: float | None = None) -> list[Index]:
        """The indexes that the music index service holds, ordered by name."""
        return self._send(calls.list_indexes(), deadline_s)

    def list_versions(self, *, deadline_s: float | None = None) -> list[VersionStatus]:
        """The versions of text encoder and music index that their services have, by kind and version."""
        return version_calls.merged_versions(
            self._send(call, deadline_s) for call in version_calls.list_versions()
        )

    def reload_artifacts(
        self, kind: str = "", version: int = 0, *, deadline_s: float | None = None
    ) -> list[ArtifactVersion]:
        """Have a service answer from another version, without a call lost; what is served then, by kind.

        `kind` is "text_encoder" or "music_index"; empty means both, the index first. A `version` of 0 is the
        newest that is whole, now and from now on; at any other the service stays. Loading takes time: a large
        index needs a longer `deadline_s`. What isn't there is a NotFoundError, and what can't be served a
        PreconditionError, with what was served before left in its place.
        """
        every_call = version_calls.reload_artifacts(kind, version)
        return version_calls.merged_serving(self._send(call, deadline_s) for call in every_call)

    def close(self) -> None:
        """Close every connection; calls that are running end with an UnavailableError, as do later ones."""
        self._closed.set()
        for channel in self._channels.values():
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _deadline(self, deadline_s: float | None) -> float:
        return self._deadline_s if deadline_s is None else require_deadline(deadline_s)

    def _pages(self, call: calls.Call[calls.Page] | None, deadline_s: float) -> Iterator[Clip]:
        while call is not None:
            page = self._send(call, deadline_s)
            yield from page.clips
            call = page.following

    def _send(self, call: calls.Call[R], deadline_s: float | None) -> R:
        patience = calls.Patience(self._deadline(deadline_s))
        while True:
            try:
                return call.parse(self._try(call, patience.left_s()))
            except OverloadedError as refusal:
                if (pause_s := patience.pause_s(refusal)) is None:
                    raise
            self._pause(pause_s)

    def _pause(self, pause_s: float) -> None:
        self._closed.wait(pause_s)

    def _try(self, call: calls.Call[Any], timeout_s: float) -> Any:
        with self._errors(call.peer):
            return self._rpc(call)(call.request, timeout=timeout_s)

    def _rpc(self, call: calls.Call[Any]) -> Any:
        return getattr(self._stubs[call.peer], call.method)

    @contextmanager
    def _errors(self, peer: calls.Peer) -> Iterator[None]:
        """Raise what gRPC raises in a call as a caller of the client knows it."""
        try:
            yield
        except ValueError as error:  # a closed channel's way to refuse
            raise UnavailableError(CLOSED_MESSAGE) from error
        except grpc.RpcError as error:
            if self._closed.is_set():
                raise UnavailableError(CLOSED_MESSAGE) from error
            told = from_rpc_error(error, f"{peer.name} at {self._targets[peer]}")
            raise calls.by_argument(told) from error
