"""The calls that a client makes, free of any channel: whom to ask, with what message, how to read the answer.

`ambiance.client` and `ambiance.aio` only carry them out, each in its own way.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from ambiance.arguments import require_flag, require_items, require_number, require_utf8
from ambiance.errors import AmbianceError, InvalidInputError, OverloadedError, Violation
from ambiance.limits import MAX_PAGE_SIZE, MAX_REQUEST_BYTES, MAX_STEPS
from ambiance.match.v1 import match_service_pb2, match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2, music_index_service_pb2_grpc
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.results import Clip, EncodedText, Index, Label, MatchResult, SearchResult, Vector
from ambiance.text.v1 import text_service_pb2, text_service_pb2_grpc
from ambiance.type.v1 import space_pb2
from ambiance.validation import OPTIONS_PREFIX
from ambiance.wire import replies
from ambiance.wire.clip_messages import text_list
from ambiance.wire.search_messages import int32

# A caller that is refused comes back when told or later by up to this share, so that those who were told the
# same don't come back together; and after twice the time at each further refusal, so that those who persist
# add little to an overload.
LATER_SHARE = 0.5
LONGER_EACH_TIME = 2.0

R = TypeVar("R")


@dataclass(frozen=True)
class Peer:
    """A service that a client talks to: its name in messages, the client's argument for its address, and what
    makes its stub from a channel."""

    name: str
    target_field: str
    make_stub: Callable[[Any], Any]


GATEWAY = Peer("gateway", "target", match_service_pb2_grpc.MatchServiceStub)
TEXT_SERVICE = Peer("text service", "text_target", text_service_pb2_grpc.TextServiceStub)
MUSIC_INDEX_SERVICE = Peer(
    "music index service", "music_target", music_index_service_pb2_grpc.MusicIndexServiceStub
)


@dataclass(frozen=True)
class Call(Generic[R]):
    """One rpc, ready to be sent."""

    peer: Peer
    method: str
    request: Message
    parse: Callable[[Any], R]

    def __post_init__(self) -> None:
        # gRPC would refuse it too, but with the code of an overloaded server
        if (size := self.request.ByteSize()) > MAX_REQUEST_BYTES:
            raise InvalidInputError.of("request", f"at most {MAX_REQUEST_BYTES:,} bytes, got {size:,}")


@dataclass(frozen=True)
class Page:
    """A page of the catalogue, and the call for the one that follows; None if it is the last."""

    clips: list[Clip]
    following: "Call[Page] | None"


class Patience:
    """What is left of a call's deadline, over however many tries."""

    def __init__(self, deadline_s: float, clock: Callable[[], float] = monotonic) -> None:
        """Start the clock."""
        self._clock, self._end = clock, clock() + deadline_s
        self._refusals = 0

    def left_s(self) -> float:
        """Seconds until the deadline, never below 0."""
        return max(0.0, self._end - self._clock())

    def pause_s(self, refusal: OverloadedError) -> float | None:
        """Seconds after which to try again; None if the deadline is sooner, or there is no telling when."""
        later = 1 + LATER_SHARE * random.random()
        pause_s = refusal.retry_after_s * LONGER_EACH_TIME**self._refusals * later
        self._refusals += 1
        return pause_s if 0 < pause_s < self.left_s() else None


def by_argument(error: AmbianceError) -> AmbianceError:
    """A service's error as a caller of the client's methods knows it: an option is an argument of its own."""
    if not isinstance(error, InvalidInputError):
        return error
    return InvalidInputError(
        Violation(violation.field.removeprefix(OPTIONS_PREFIX), violation.description)
        for violation in error.violations
    )


def match_text(text: str, options: SearchOptions, *, space: str, explain: bool) -> Call[MatchResult]:
    """MatchText of the gateway."""
    require_utf8({"text": text, "space": space})
    request = match_service_pb2.MatchTextRequest(
        text=text, options=options, space=space, explain=require_flag("explain", explain)
    )
    return Call(GATEWAY, "MatchText", request, replies.match_result)


def match_texts(
    texts: Iterable[str], options: SearchOptions, *, space: str, explain: bool
) -> Call[list[MatchResult]]:
    """MatchTexts of the gateway."""
    require_utf8({"space": space})
    request = match_service_pb2.MatchTextsRequest(
        texts=text_list("texts", texts),
        options=options,
        space=space,
        explain=require_flag("explain", explain),
    )
    return Call(GATEWAY, "MatchTexts", request, replies.match_results)


def encode_texts(texts: Iterable[str], *, explain: bool) -> Call[list[EncodedText]]:
    """EncodeTexts of the text service."""
    request = text_service_pb2.EncodeTextsRequest(
        texts=text_list("texts", texts), explain=require_flag("explain", explain)
    )
    return Call(TEXT_SERVICE, "EncodeTexts", request, replies.encoded_texts)


def find_neighbors(queries: Iterable[Vector], options: SearchOptions) -> Call[list[SearchResult]]:
    """FindNeighbors of the music index service."""
    request = music_index_service_pb2.FindNeighborsRequest(
        queries=_vector_messages("queries", queries), options=options
    )
    return Call(MUSIC_INDEX_SERVICE, "FindNeighbors", request, replies.search_results)


def find_similar(clip_ids: Iterable[str], options: SearchOptions, *, space: str) -> Call[list[SearchResult]]:
    """FindSimilar of the music index service."""
    require_utf8({"space": space})
    request = music_index_service_pb2.FindSimilarRequest(
        clip_ids=text_list("clip_ids", clip_ids), space=space, options=options
    )
    return Call(MUSIC_INDEX_SERVICE, "FindSimilar", request, replies.search_results)


def find_path(start: Vector, end: Vector, steps: int, options: SearchOptions) -> Call[SearchResult]:
    """FindPath of the music index service."""
    request = music_index_service_pb2.FindPathRequest(
        start=_vector_message("start", start),
        end=_vector_message("end", end),
        steps=int32("steps", steps, f"2 to {MAX_STEPS:,}"),
        options=options,
    )
    return Call(MUSIC_INDEX_SERVICE, "FindPath", request, replies.path)


def list_labels(prefix: str, parent: str, index: str) -> Call[list[Label]]:
    """ListLabels of the music index service."""
    fields = {"prefix": prefix, "parent": parent, "index": index}
    require_utf8(fields)
    request = music_index_service_pb2.ListLabelsRequest(**fields)
    return Call(MUSIC_INDEX_SERVICE, "ListLabels", request, replies.labels)


def get_clip(clip_id: str, index: str) -> Call[Clip]:
    """GetClip of the music index service."""
    fields = {"clip_id": clip_id, "index": index}
    require_utf8(fields)
    request = music_index_service_pb2.GetClipRequest(**fields)
    return Call(MUSIC_INDEX_SERVICE, "GetClip", request, replies.clip)


def get_clips(clip_ids: Iterable[str], index: str) -> Call[list[Clip]]:
    """BatchGetClips of the music index service."""
    require_utf8({"index": index})
    request = music_index_service_pb2.BatchGetClipsRequest(
        clip_ids=text_list("clip_ids", clip_ids), index=index
    )
    return Call(MUSIC_INDEX_SERVICE, "BatchGetClips", request, replies.clips)


def list_clips(index: str, page_size: int, page_token: str = "") -> Call[Page]:
    """ListClips of the music index service."""
    require_utf8({"index": index})
    request = music_index_service_pb2.ListClipsRequest(
        index=index, page_size=int32("page_size", page_size, f"1 to {MAX_PAGE_SIZE:,}"), page_token=page_token
    )

    def page(response: music_index_service_pb2.ListClipsResponse) -> Page:
        token = response.next_page_token
        return Page(replies.clips(response), list_clips(index, page_size, token) if token else None)

    return Call(MUSIC_INDEX_SERVICE, "ListClips", request, page)


def list_indexes() -> Call[list[Index]]:
    """ListIndexes of the music index service."""
    request = music_index_service_pb2.ListIndexesRequest()
    return Call(MUSIC_INDEX_SERVICE, "ListIndexes", request, replies.indexes)


def _vector_messages(field: str, vectors: Iterable[Vector]) -> list[space_pb2.Vector]:
    if isinstance(vectors, Vector):
        raise InvalidInputError.of(field, "a list of vectors, got a single vector")
    given = require_items(field, vectors, "vectors")
    return [_vector_message(f"{field}[{i}]", vector) for i, vector in enumerate(given)]


def _vector_message(field: str, vector: Vector) -> space_pb2.Vector:
    if not isinstance(vector, Vector):
        raise InvalidInputError.of(field, f"a Vector, got {type(vector).__name__}")
    require_utf8({f"{field}.space": vector.space, f"{field}.lineage": vector.lineage})
    values = require_items(f"{field}.values", vector.values, "numbers")
    numbers = [require_number(f"{field}.values[{i}]", value) for i, value in enumerate(values)]
    return space_pb2.Vector(space=vector.space, values=numbers, lineage=vector.lineage)
