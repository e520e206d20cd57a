"""What a request says of passages that were decided before, and the stretches of text that these make."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import MAX_CLIP_ID_CHARACTERS, MAX_PASSAGE_DECISIONS
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.validation import raise_violations, shown

_CLIP_ID = re.compile(rf"[^\s\x00-\x1f\x7f-\x9f]{{1,{MAX_CLIP_ID_CHARACTERS}}}")


class Decision(NamedTuple):
    """What plays to `text[start:end]`: a clip, or nothing."""

    start: int
    end: int
    clip_id: str  # empty: nothing


class Stretch(NamedTuple):
    """A part of the text that was decided of, or one between two such, which is composed."""

    start: int
    end: int
    decision: Decision | None


def checked_decisions(given: Sequence[pb.PassageDecision], character_count: int) -> tuple[Decision, ...]:
    """The decisions of a request, in order.

    Raises:
        InvalidInputError: naming `decisions[i]` and what is wrong with it.
    """
    if len(given) > MAX_PASSAGE_DECISIONS:
        raise InvalidInputError.of("decisions", f"at most {MAX_PASSAGE_DECISIONS:,}, got {len(given):,}")
    raise_violations(_violations(given, character_count))
    return tuple(Decision(each.start, each.end, each.clip_id) for each in given)


def _violations(given: Sequence[pb.PassageDecision], character_count: int) -> Iterator[Violation]:
    last = 0
    for i, each in enumerate(given):
        field = f"decisions[{i}]"
        if not 0 <= each.start < character_count:
            yield Violation(f"{field}.start", f"0 to {character_count - 1:,}, got {each.start:,}")
        elif each.start < last:
            yield Violation(
                f"{field}.start", f"not before the end of the one before, {last:,}, got {each.start:,}"
            )
        if not each.start < each.end <= character_count:
            limits = f"after its start, {each.start:,}, at most {character_count:,}"
            yield Violation(f"{field}.end", f"{limits}, got {each.end:,}")
        last = max(last, each.end)
        match each.WhichOneof("decision"):
            case None:
                yield Violation(field, "clip_id or silent is required, got neither")
            case "silent" if not each.silent:
                yield Violation(f"{field}.silent", "must be true, got false")
            case "clip_id" if not _CLIP_ID.fullmatch(each.clip_id):
                needed = f"1 to {MAX_CLIP_ID_CHARACTERS} characters, no white space or control characters"
                yield Violation(f"{field}.clip_id", f"{needed}, got {shown(each.clip_id)}")


def stretches(decisions: Sequence[Decision], character_count: int) -> Iterator[Stretch]:
    """The whole text in order, each decided passage by itself."""
    at = 0
    for decision in decisions:
        if at < decision.start:
            yield Stretch(at, decision.start, None)
        yield Stretch(decision.start, decision.end, decision)
        at = decision.end
    if at < character_count:
        yield Stretch(at, character_count, None)
