"""The calls that a client makes, free of any channel: whom to ask, with what message, how to read the answer.

`ambiance.client` and `ambiance.aio` only carry them out, each in its own way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from ambiance import parsing
from ambiance.arguments import require_utf8
from ambiance.clip_filter import ClipFilter
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_K, MAX_REQUEST_BYTES
from ambiance.match.v1 import match_service_pb2, match_service_pb2_grpc
from ambiance.music.v1 import clip_filter_pb2, music_index_service_pb2, music_index_service_pb2_grpc
from ambiance.results import EncodedText, MatchResult, SearchResult, Vector
from ambiance.text.v1 import text_service_pb2, text_service_pb2_grpc
from ambiance.type.v1 import space_pb2

MAX_INT32 = 2**31 - 1
MAX_SEED = 2**64 - 1

R = TypeVar("R")


@dataclass(frozen=True)
class Peer:
    """A service that a client talks to: its name in messages, and what makes its stub from a channel."""

    name: str
    make_stub: Callable[[Any], Any]


GATEWAY = Peer("gateway", match_service_pb2_grpc.MatchServiceStub)
TEXT_SERVICE = Peer("text service", text_service_pb2_grpc.TextServiceStub)
MUSIC_INDEX_SERVICE = Peer("music index service", music_index_service_pb2_grpc.MusicIndexServiceStub)


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
class MatchOptions:
    """What a match is asked for besides its texts, checked as far as a message can't hold it."""

    k: int
    index: str
    space: str
    seed: int
    explain: bool
    filter: ClipFilter | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of either request, by name."""
        require_utf8({"index": self.index, "space": self.space})
        return {
            "k": _int32("k", self.k),
            "index": self.index,
            "space": self.space,
            "seed": _seed(self.seed),
            "explain": self.explain,
            "filter": _filter_message(self.filter),
        }


def match_text(text: str, options: MatchOptions) -> Call[MatchResult]:
    """MatchText of the gateway."""
    require_utf8({"text": text})
    request = match_service_pb2.MatchTextRequest(text=text, **options.fields())
    return Call(GATEWAY, "MatchText", request, parsing.match_result)


def match_texts(texts: Sequence[str], options: MatchOptions) -> Call[list[MatchResult]]:
    """MatchTexts of the gateway."""
    require_utf8(_indexed("texts", texts))
    request = match_service_pb2.MatchTextsRequest(texts=texts, **options.fields())
    return Call(GATEWAY, "MatchTexts", request, parsing.match_results)


def encode_texts(texts: Sequence[str], *, explain: bool) -> Call[list[EncodedText]]:
    """EncodeTexts of the text service."""
    require_utf8(_indexed("texts", texts))
    request = text_service_pb2.EncodeTextsRequest(texts=texts, explain=explain)
    return Call(TEXT_SERVICE, "EncodeTexts", request, parsing.encoded_texts)


def find_neighbors(
    queries: Sequence[Vector], k: int, index: str, seed: int, clip_filter: ClipFilter | None = None
) -> Call[list[SearchResult]]:
    """FindNeighbors of the music index service."""
    require_utf8({"index": index})
    for i, query in enumerate(queries):
        require_utf8({f"queries[{i}].space": query.space, f"queries[{i}].lineage": query.lineage})
    vectors = [
        space_pb2.Vector(space=query.space, values=query.values, lineage=query.lineage) for query in queries
    ]
    request = music_index_service_pb2.FindNeighborsRequest(
        queries=vectors,
        k=_int32("k", k),
        index=index,
        seed=_seed(seed),
        filter=_filter_message(clip_filter),
    )
    return Call(MUSIC_INDEX_SERVICE, "FindNeighbors", request, parsing.search_results)


def _filter_message(conditions: ClipFilter | None) -> clip_filter_pb2.ClipFilter | None:
    if conditions is None:
        return None
    values = {field.name: getattr(conditions, field.name) for field in fields(conditions)}
    for name, value in values.items():
        if isinstance(value, Mapping):
            require_utf8({f"filter.{name}[{key!a}]": key for key in value})
        else:
            require_utf8(_indexed(f"filter.{name}", value))
    return clip_filter_pb2.ClipFilter(**values)


def _indexed(field: str, values: Sequence[str]) -> dict[str, str]:
    if isinstance(values, str):  # a sequence too, of its characters: surely not what was meant
        raise InvalidInputError.of(field, "a list of texts, got a single text")
    return {f"{field}[{i}]": value for i, value in enumerate(values)}


def _int32(field: str, value: int) -> int:
    """Refuse what the message has no room for; within it the service checks."""
    if abs(value) > MAX_INT32:
        raise InvalidInputError.of(field, f"1 to {MAX_K:,}, got {value:,}")
    return value


def _seed(value: int) -> int:
    """Refuse what the message has no room for."""
    if not 0 <= value <= MAX_SEED:
        raise InvalidInputError.of("seed", f"0 to {MAX_SEED:,}, got {value:,}")
    return value
