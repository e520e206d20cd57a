"""The gateway's gRPC service: checks a request before it costs a hop, and merges both answers into one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc

from ambiance.errors import InvalidInputError, Violation
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc, soundtrack_pb2
from ambiance.music.v1.clip_filter_pb2 import FilterEffect
from ambiance.music.v1.music_index_service_pb2 import Neighbors
from ambiance.search_options import check_options
from ambiance.text.v1.text_service_pb2 import EncodedText
from ambiance.validation import check_explained, checked_texts, raise_violations, text_violation
from gateway.matching import Budget, Matched, Matcher
from gateway.soundtrack.composer import Composer
from gateway.soundtrack.services import Clock
from gateway.soundtrack.settings import brief_of

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["MatchService"].full_name

# For a call without a deadline gRPC reports None or centuries, depending on its version.
_NO_DEADLINE_S = 1e9


@dataclass(frozen=True)
class DeadlinePolicy:
    """Seconds that a call may take: `default_s` if its caller sets no deadline, `max_s` whatever it sets."""

    default_s: float
    max_s: float

    def seconds(self, context: grpc.ServicerContext) -> float:
        """The time for a call."""
        remaining = context.time_remaining()
        if remaining is None or remaining > _NO_DEADLINE_S:
            remaining = self.default_s
        return min(remaining, self.max_s)


class MatchServicer(match_service_pb2_grpc.MatchServiceServicer):
    """Implements ambiance.match.v1.MatchService."""

    def __init__(
        self,
        matcher: Matcher,
        composer: Composer,
        deadlines: DeadlinePolicy,
        soundtrack_deadlines: DeadlinePolicy,
    ) -> None:
        self._matcher, self._composer = matcher, composer
        self._deadlines, self._soundtrack_deadlines = deadlines, soundtrack_deadlines

    def MatchText(  # noqa: N802  # gRPC's name
        self, request: pb.MatchTextRequest, context: grpc.ServicerContext
    ) -> pb.MatchTextResponse:
        """Match one text; what the text service reports of `texts[0]` is reported of `text`."""
        text = request.text
        raise_violations([text_violation("text", text)])
        check_options(request.options, 1)  # at once, what the index service would refuse after a hop
        try:
            matched = self._match([text], request, context)
        except InvalidInputError as error:
            raise InvalidInputError(map(_of_single_text, error.violations)) from error
        response = pb.MatchTextResponse(
            origin=_origin(matched),
            filter_effect=_filter_effect(matched),
            left_out_clip_count=matched.found.left_out_clip_count,
        )
        _fill(response.match, matched.encoded.results[0], matched.found.results[0])
        return response

    def MatchTexts(  # noqa: N802  # gRPC's name
        self, request: pb.MatchTextsRequest, context: grpc.ServicerContext
    ) -> pb.MatchTextsResponse:
        """Match a batch of texts, also in two hops."""
        texts = checked_texts("texts", request.texts)
        if request.explain:
            check_explained("texts", texts)
        check_options(request.options, len(texts))
        matched = self._match(texts, request, context)
        response = pb.MatchTextsResponse(
            origin=_origin(matched),
            filter_effect=_filter_effect(matched),
            left_out_clip_count=matched.found.left_out_clip_count,
        )
        for encoded, found in zip(matched.encoded.results, matched.found.results, strict=True):
            _fill(response.matches.add(), encoded, found)
        return response

    def ComposeSoundtrack(  # noqa: N802  # gRPC's name
        self, request: soundtrack_pb2.ComposeSoundtrackRequest, context: grpc.ServicerContext
    ) -> Iterator[soundtrack_pb2.ComposeSoundtrackResponse]:
        """Compose a soundtrack; no more of it is done than the caller has taken."""
        clock = Clock(context, self._soundtrack_deadlines.seconds(context))
        yield from self._composer.compose(brief_of(request), request.space, clock)

    def _match(
        self,
        texts: Sequence[str],
        request: pb.MatchTextRequest | pb.MatchTextsRequest,
        context: grpc.ServicerContext,
    ) -> Matched:
        budget = Budget(self._deadlines.seconds(context))
        return self._matcher.match(
            texts, request.options, budget, space=request.space, explain=request.explain
        )


def _of_single_text(violation: Violation) -> Violation:
    return Violation("text", violation.description) if violation.field == "texts[0]" else violation


def _fill(match: pb.Match, encoded: EncodedText, found: Neighbors) -> None:
    """Copy both answers into a match in place; building parts first would copy them twice."""
    match.text.CopyFrom(encoded)
    match.neighbors.MergeFrom(found.neighbors)
    match.shortfall_reason = found.shortfall_reason


def _filter_effect(matched: Matched) -> FilterEffect | None:
    return matched.found.filter_effect if matched.found.HasField("filter_effect") else None


def _origin(matched: Matched) -> pb.MatchOrigin:
    return pb.MatchOrigin(space=matched.found.space, model=matched.encoded.model, index=matched.found.index)
