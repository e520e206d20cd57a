"""What was sent to a target and what it acknowledged, kept where no kill of the target reaches it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, count
from threading import Lock

# What a call makes of each clip: its content, unique to the call, or None for a deletion.
Changes = Mapping[str, str | None]


@dataclass(eq=False)
class Call:
    """Changes that were sent at a moment, and acknowledged at a later one or never."""

    changes: Changes
    sent: int
    acknowledged: int | None = None
    number: int = 0

    def surely_precedes(self, other: "Call") -> bool:
        """Whether both are known to have happened, or not at all, in this order."""
        if self.number and other.number:
            return self.number < other.number
        return self.acknowledged is not None and self.acknowledged < other.sent


class Journal:
    """Calls since the last look at the target, on top of what was found then."""

    def __init__(self) -> None:
        self._clock = count(1)  # moments: their order is all that counts
        self._guard = Lock()
        self._before = Call({}, sent=0, acknowledged=0)
        self._largest = 0  # number that was acknowledged before those
        self.acknowledged_count = 0  # of those
        self.calls: list[Call] = []

    def send(self, changes: Changes) -> Call:
        """Note a call; to be made before it is sent."""
        with self._guard:
            call = Call(changes, sent=next(self._clock))
            self.calls.append(call)
        return call

    def acknowledge(self, call: Call, number: int) -> None:
        """Note that a call was acknowledged under a number."""
        with self._guard:
            call.number, call.acknowledged = number, next(self._clock)
            self.acknowledged_count += 1

    def settle(self, found: Mapping[str, str]) -> list[str]:
        """Compare what the target holds with what it acknowledged; later calls come on top of what it holds.

        Returns:
            What is wrong, a sentence each: an acknowledged change that is missing, a clip that nobody wrote,
            a call of which a part is there, numbers out of order.
        """
        of_clip = self._calls_by_clip()
        faults = [*self._faulty_numbers(), *_faulty_clips(of_clip, found), *self._torn_calls(of_clip, found)]
        self._before = Call(dict(found), sent=0, acknowledged=0)
        self.calls, self.acknowledged_count = [], 0
        return faults

    def _faulty_numbers(self) -> Iterator[str]:
        """Each call's number must exceed that of every call that was acknowledged before it was sent."""
        numbered = [call for call in self.calls if call.number]
        for number, times in Counter(call.number for call in numbered).items():
            if times > 1:
                yield f"{times} acknowledged calls have the number {number}"
        by_moment = sorted(numbered, key=lambda call: call.acknowledged or 0)
        moments = [call.acknowledged or 0 for call in by_moment]
        largest = list(accumulate((call.number for call in by_moment), max, initial=self._largest))
        for call in numbered:
            if call.number <= (before := largest[bisect_left(moments, call.sent)]):
                yield f"number {call.number} was given after {before} was acknowledged"
        self._largest = largest[-1]

    def _torn_calls(self, of_clip: Mapping[str, list[Call]], found: Mapping[str, str]) -> Iterator[str]:
        """Calls of which one change is there, and of another clip what was surely there before."""
        for call in self.calls:
            there = [i for i, content in call.changes.items() if content and found.get(i) == content]
            for clip_id in call.changes if there else ():
                content = found.get(clip_id)
                sources = [source for source in of_clip[clip_id] if source.changes.get(clip_id) == content]
                if sources and all(source.surely_precedes(call) for source in sources):
                    yield f"{clip_id}: isn't changed by the call that wrote {there[0]}"

    def _calls_by_clip(self) -> Mapping[str, list[Call]]:
        of_clip: dict[str, list[Call]] = defaultdict(lambda: [self._before])
        for call in [self._before, *self.calls]:
            for clip_id in call.changes:
                of_clip[clip_id] += [call] if call is not self._before else []
        return of_clip


def _faulty_clips(of_clip: Mapping[str, list[Call]], found: Mapping[str, str]) -> Iterator[str]:
    for clip_id in sorted(of_clip.keys() | found.keys()):
        calls = of_clip[clip_id]
        acknowledged = [call for call in calls if call.acknowledged is not None]
        possible = {
            call.changes.get(clip_id)
            for call in calls
            if not any(call.surely_precedes(other) for other in acknowledged)
        }
        if found.get(clip_id) not in possible:
            yield f"{clip_id}: found {_shown(found.get(clip_id))}, must be {_any_of(possible)}"


def _any_of(possible: set[str | None]) -> str:
    return " or ".join(sorted(map(_shown, possible)))


def _shown(content: str | None) -> str:
    return "no clip" if content is None else f"{content[:24]!r}"
