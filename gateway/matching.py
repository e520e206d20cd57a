"""The composition that the gateway is for: texts to vectors by one service, vectors to clips by the other,
both within the caller's deadline.

The answers stay the messages in which they came: reading and rebuilding them would cost more than a hop's
worth of work and add nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import itemgetter
from time import monotonic
from typing import Protocol

from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    PeerError,
    PreconditionError,
    Violation,
)
from ambiance.music.v1.music_index_service_pb2 import FindNeighborsRequest, FindNeighborsResponse, Neighbors
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.text.v1.text_service_pb2 import EncodedText, EncodeTextsRequest, EncodeTextsResponse
from ambiance.type.v1.affect_pb2 import FacetScore
from ambiance.type.v1.space_pb2 import Vector
from ambiance.validation import OPTIONS_PREFIX, shown

# Share of the time left that the first hop may take: a text service that stalls leaves time for the search.
TEXT_HOP_SHARE = 0.6
# Kept back from the second hop, to send the answer or the error before the caller gives up: a share of the
# time that is left, for the longer a caller waits the more it may lose on its way, and at least this much.
RESERVE_SHARE = 0.05
RESERVE_S = 0.002

# Facets that tell why a clip was chosen, at most, and the least score of one that the clip has.
MAX_REASONS = 3
LEAST_REASON_SCORE = 0.15
_WEIGHT = itemgetter(0)

# What the index says of a vector of another lineage than its own.
_OF_LINEAGE = re.compile(r"queries\[\d+\]\.lineage: (.*)")


class TextEncoder(Protocol):
    """Encodes texts, one result per text, in order."""

    def encode(self, request: EncodeTextsRequest, timeout_s: float) -> EncodeTextsResponse: ...


class NeighborFinder(Protocol):
    """Finds the clips near each query, one result per query, in order."""

    def find_neighbors(self, request: FindNeighborsRequest, timeout_s: float) -> FindNeighborsResponse: ...


class Budget:
    """The seconds that a match may take, handed out to its two hops as they begin."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def for_text_hop(self) -> float:
        """Seconds for the first hop, above 0."""
        return _require_time((self._end - self._clock()) * TEXT_HOP_SHARE, "text service")

    def for_search_hop(self) -> float:
        """Seconds for the second hop, above 0: all that is left but the reserve."""
        left = self._end - self._clock()
        return _require_time(left - max(RESERVE_S, left * RESERVE_SHARE), "music index service")


@dataclass(frozen=True)
class Matched:
    """The answers of both services; their results stand in the order of the texts."""

    encoded: EncodeTextsResponse
    found: FindNeighborsResponse


class Matcher:
    """Matches texts with clips in two hops, however many texts there are."""

    def __init__(self, encoder: TextEncoder, finder: NeighborFinder, default_space: str) -> None:
        self._encoder, self._finder = encoder, finder
        self._default_space = default_space

    def match(
        self,
        texts: Sequence[str],
        options: SearchOptions,
        budget: Budget,
        *,
        space: str = "",
        explain: bool = False,
    ) -> Matched:
        """Find the clips near each text, and tell why each is one and how it differs from the text in VAD.

        The index service is handed the options as they are. An empty space means the default; `explain` asks
        which words moved each text's emotion most.

        Raises:
            InvalidInputError: if a service refuses what the caller sent; fields are `texts[i]`, `space`, and
                those of the options, such as `options.k`.
            AmbianceError: what else the services answer, and DeadlineError if the budget is spent.
        """
        encoded = self._encode(EncodeTextsRequest(texts=texts, explain=explain), budget.for_text_hop())
        queries = [vector_of(text, space or self._default_space) for text in encoded.results]
        timeout_s = budget.for_search_hop()
        found = found_by(
            lambda request: self._finder.find_neighbors(request, timeout_s),
            FindNeighborsRequest(queries=queries, options=options),
        )
        for text, neighbors in zip(encoded.results, found.results, strict=True):
            set_differences(text, neighbors)
            set_reasons(text, neighbors)
        return Matched(encoded, found)

    def _encode(self, request: EncodeTextsRequest, timeout_s: float) -> EncodeTextsResponse:
        encoded = self._encoder.encode(request, timeout_s)
        require_results("text service", len(encoded.results), len(request.texts))
        return encoded


def found_by(
    ask: Callable[[FindNeighborsRequest], FindNeighborsResponse], request: FindNeighborsRequest
) -> FindNeighborsResponse:
    """What the index service answers to vectors that the text service wrote, asked by `ask`.

    Raises:
        InvalidInputError: if it refuses what the caller asked for, under the caller's name of the field.
        PreconditionError: if both services hold the space in different lineages.
        AmbianceError: what else it answers, and PeerError if it answers to other queries than were asked.
    """
    try:
        found = ask(request)
    except InvalidInputError as error:
        raise to_blame(error) from error
    except PreconditionError as error:
        raise PreconditionError(_of_both(str(error))) from error
    require_results("music index service", len(found.results), len(request.queries))
    require_lineage(request.queries[0], found, request.options.index)
    return found


def require_lineage(query: Vector, found: FindNeighborsResponse, index: str) -> None:
    """Require that clips were compared with a text in the frame of reference in which it was read."""
    read, searched = query.lineage, found.space.lineage
    if read != searched and read and searched:
        pair = f"{read} in the text service, {searched} in the music index service"
        raise PreconditionError(
            f"index {index or 'default'}: lineages of space {query.space!r} differ: {pair}"
        )


def _of_both(refusal: str) -> str:
    """Why the index refuses the vector of a text, to a caller who knows of no vector: where it comes from."""
    of_vector = _OF_LINEAGE.fullmatch(refusal)
    return f"{of_vector[1]} from the text service" if of_vector else refusal


def _require_time(seconds: float, peer: str) -> float:
    if seconds <= 0:
        raise DeadlineError(f"the deadline passed before the {peer} was asked")
    return seconds


def vector_of(text: EncodedText, space: str) -> Vector:
    """The vector that the text service wrote in a space; its lineage comes with it."""
    for vector in text.vectors:
        if vector.space == space:
            return vector
    written = ", ".join(vector.space for vector in text.vectors)
    raise InvalidInputError.of("space", f"the text service writes {written}, got {shown(space)}")


def set_differences(text: EncodedText, found: Neighbors) -> None:
    """Set `vad_difference` of each neighbour, in place."""
    valence, arousal, dominance = text.vad.valence, text.vad.arousal, text.vad.dominance
    for neighbor in found.neighbors:
        vad, difference = neighbor.clip.vad, neighbor.vad_difference
        difference.valence = vad.valence - valence
        difference.arousal = vad.arousal - arousal
        difference.dominance = vad.dominance - dominance


def set_reasons(text: EncodedText, found: Neighbors) -> None:
    """Set `why` of each neighbour, in place: at most three facets that the text asks for and the clip has.

    A facet weighs as much as the text asks for it times the clip's score. One that the clip hardly has is no
    reason, unless there is none better.
    """
    wanted = {facet.facet: facet.weight for facet in text.facets if facet.weight > 0}
    for neighbor in found.neighbors:
        facets = neighbor.clip.facets  # by descending score: those that the clip has stand before the others
        reasons = _weighed(wanted, takewhile(_is_had, facets))[:MAX_REASONS] or _weighed(wanted, facets)[:1]
        neighbor.why.extend(facet for _, facet in reasons)


def _is_had(facet: FacetScore) -> bool:
    return facet.score >= LEAST_REASON_SCORE


def _weighed(wanted: Mapping[str, float], facets: Iterable[FacetScore]) -> list[tuple[float, FacetScore]]:
    """Those facets of a clip that are wanted, each with its weight, the weightiest first."""
    weighed = [(weight * facet.score, facet) for facet in facets if (weight := wanted.get(facet.facet))]
    weighed.sort(key=_WEIGHT, reverse=True)
    return weighed


def require_results(peer: str, result_count: int, wanted: int) -> None:
    if result_count != wanted:
        raise PeerError(f"{peer}: {result_count:,} results for {wanted:,} queries")


def to_blame(refusal: InvalidInputError) -> AmbianceError:
    """The caller's mistake under the name of the caller's field, else the mistake of the services: vectors
    are theirs, and one that the index finds malformed is no fault of the caller."""
    descriptions: dict[str, str] = {}
    for violation in refusal.violations:
        field = _callers_field(violation.field)
        if field is None:
            return PeerError(f"music index service: {refusal}")
        descriptions.setdefault(field, violation.description)
    return InvalidInputError(Violation(*item) for item in descriptions.items())


def _callers_field(field: str) -> str | None:
    """The caller's name for a field of the search; None for what the caller didn't set."""
    if field.startswith(OPTIONS_PREFIX):
        return field
    return "space" if field.endswith(".space") else None  # queries[3].space is the caller's space
