"""The call that asks for a soundtrack, and the parts that come back; the others are `ambiance.wire.calls`."""

from collections.abc import Iterable
from typing import Any, Unpack

from ambiance.arguments import require_flag, require_items, require_number, require_utf8
from ambiance.errors import InvalidInputError, PeerError
from ambiance.limits import (
    LEAST_CANDIDATES,
    LEAST_WORDS_PER_MINUTE,
    MAX_CANDIDATES,
    MAX_CLIPS_PER_VIDEO,
    MAX_NO_REPEAT_CUES,
    MAX_SOUNDTRACK_CHARACTERS,
    MAX_WORDS_PER_MINUTE,
)
from ambiance.match.v1 import soundtrack_pb2
from ambiance.soundtrack_arguments import PassageDecision, SoundtrackArguments, SoundtrackWeights
from ambiance.soundtrack_results import SoundtrackEnd, SoundtrackPart, SoundtrackStart
from ambiance.wire.calls import GATEWAY, Call
from ambiance.wire.search_messages import int32, search_options
from ambiance.wire.soundtrack_replies import soundtrack_part

_INTEGERS = {
    "words_per_minute": f"{LEAST_WORDS_PER_MINUTE} to {MAX_WORDS_PER_MINUTE:,}",
    "no_repeat_cues": f"1 to {MAX_NO_REPEAT_CUES}",
    "max_clips_per_video": f"1 to {MAX_CLIPS_PER_VIDEO}",
}
_NUMBERS = ("intensity", "min_passage_seconds", "max_passage_seconds")
_TEXTS = ("space", "first_mood", "last_mood")


class Parts:
    """Reads one stream: a cue is told with what the start says of it, and a missing end is noticed."""

    def __init__(self) -> None:
        self.have_begun = False
        self._start: SoundtrackStart | None = None
        self._is_whole = False

    def read(self, response: soundtrack_pb2.ComposeSoundtrackResponse) -> SoundtrackPart | None:
        """A part; None for one that this client doesn't know."""
        self.have_begun = True
        part = soundtrack_part(response, self._start)
        if isinstance(part, SoundtrackStart):
            self._start = part
        self._is_whole |= isinstance(part, SoundtrackEnd)
        return part

    def check_whole(self) -> None:
        """Require that the stream, which is over, has told its end.

        Raises:
            PeerError: if it hasn't.
        """
        if not self._is_whole:
            raise PeerError(f"{GATEWAY.name}: the soundtrack broke off before its end")


def compose_soundtrack(text: str, **asked: Unpack[SoundtrackArguments]) -> Call[Any]:
    """ComposeSoundtrack of the gateway. Its answer is a stream: `Parts` reads each of its messages.

    Raises:
        InvalidInputError: naming the argument that can't be sent.
        TypeError: if there is no argument of that name.
    """
    given: dict[str, Any] = dict(asked)
    texts = {name: given.pop(name) for name in _TEXTS if name in given}
    require_utf8({"text": text, **texts})
    fields: dict[str, Any] = dict(texts)
    fields |= {
        name: int32(name, given.pop(name), limit) for name, limit in _INTEGERS.items() if name in given
    }
    fields |= {name: require_number(name, given.pop(name)) for name in _NUMBERS if name in given}
    if "allow_vocals" in given:
        fields["allow_vocals"] = require_flag("allow_vocals", given.pop("allow_vocals"))
    if (weights := given.pop("weights", None)) is not None:
        fields["weights"] = _weights_message(weights)
    fields["decisions"] = _decision_messages(given.pop("decisions", ()))
    k = int32("k", given.pop("k", 0), f"{LEAST_CANDIDATES} to {MAX_CANDIDATES}")
    request = soundtrack_pb2.ComposeSoundtrackRequest(text=text, options=search_options(k, **given), **fields)
    return Call(GATEWAY, "ComposeSoundtrack", request, lambda response: response)


def _weights_message(weights: SoundtrackWeights) -> soundtrack_pb2.SoundtrackWeights:
    if not isinstance(weights, SoundtrackWeights):
        raise InvalidInputError.of("weights", f"SoundtrackWeights, got {type(weights).__name__}")
    given = {name: getattr(weights, name) for name in ("fit", "smoothness", "variety", "staying")}
    return soundtrack_pb2.SoundtrackWeights(
        **{
            name: require_number(f"weights.{name}", value)
            for name, value in given.items()
            if value is not None
        }
    )


def _decision_messages(decisions: Iterable[PassageDecision]) -> list[soundtrack_pb2.PassageDecision]:
    if isinstance(decisions, PassageDecision):
        raise InvalidInputError.of("decisions", "a list of decisions, got a single decision")
    items = require_items("decisions", decisions, "decisions")
    return [_decision_message(f"decisions[{i}]", decision) for i, decision in enumerate(items)]


def _decision_message(field: str, decision: PassageDecision) -> soundtrack_pb2.PassageDecision:
    if not isinstance(decision, PassageDecision):
        raise InvalidInputError.of(field, f"a PassageDecision, got {type(decision).__name__}")
    limit = f"0 to {MAX_SOUNDTRACK_CHARACTERS:,}"
    start, end = (int32(f"{field}.{name}", getattr(decision, name), limit) for name in ("start", "end"))
    if decision.clip_id is None:
        return soundtrack_pb2.PassageDecision(start=start, end=end, silent=True)
    require_utf8({f"{field}.clip_id": decision.clip_id})
    return soundtrack_pb2.PassageDecision(start=start, end=end, clip_id=decision.clip_id)
