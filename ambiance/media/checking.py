"""Checks the media of an index, and tells it which clips can't be played, and which can again."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ambiance.json_lines import JsonLines
from ambiance.limits import MAX_WRITTEN_CLIPS
from ambiance.media.asking import Asker, State
from ambiance.media.medium import Clips, Medium
from ambiance.write_results import WriteOutcome, WriteResult

FLUSH_COUNT = 100  # media between two reports, so that an interruption costs no more
MAX_GONE_IN_A_ROW = 20


class Catalogue(Protocol):
    """What is told of clips: `ambiance.Client`."""

    def report_unavailable(
        self, clip_ids: Sequence[str], *, index: str, available: bool
    ) -> list[WriteResult]:
        """Mark 1 to MAX_WRITTEN_CLIPS clips."""


@dataclass
class Summary:
    """What a check did.

    Attributes:
        states: media by what was found.
        marked: clips by whether they are available now, of those that weren't so before.
        gone: names of media that are gone.
        fresh: media that were passed over, as they had been checked not long before.
        left_alone: hosts that weren't asked any more, and why.
    """

    states: Counter[State] = field(default_factory=Counter)
    marked: Counter[bool] = field(default_factory=Counter)
    gone: list[str] = field(default_factory=list)
    fresh: int = 0
    left_alone: Mapping[str, str] = field(default_factory=dict)


class MediaCheck:
    """Asks about each medium, and marks its clips where that changes anything."""

    def __init__(
        self,
        asker: Asker,
        catalogue: Catalogue,
        journal: JsonLines | None,
        *,
        index: str,
        recheck_s: float,
        max_gone_in_a_row: int = MAX_GONE_IN_A_ROW,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what asks, what is told, and where it is noted; without a journal nothing is told either.

        Media that the journal has as checked within `recheck_s` seconds are passed over. A host of which so
        many media are gone in a row is taken to refuse us, not to have lost them all: they aren't marked.
        0: no limit.
        """
        self._asker, self._catalogue, self._journal = asker, catalogue, journal
        self._index, self._max_gone, self._now = index, max_gone_in_a_row, now
        self._suspects: dict[str, list[tuple[Medium, Clips]]] = defaultdict(list)
        self._decided: list[tuple[Medium, Clips, State]] = []
        self._fresh = self._read_fresh(recheck_s)
        self.summary = Summary(left_alone=asker.left_alone)

    def run(
        self, media: Mapping[Medium, Clips], progress: Callable[[Iterable[Medium]], Iterable[Medium]]
    ) -> None:
        """Check every medium. What is known by then is told, also when interrupted.

        Raises:
            AmbianceError: if the index can't be told.
        """
        try:
            for medium in progress(media):
                if medium.name in self._fresh:
                    self.summary.fresh += 1
                    continue
                self._check(medium, media[medium])
                if len(self._decided) >= FLUSH_COUNT:
                    self._flush()
            for medium, clips in [pair for pairs in self._suspects.values() for pair in pairs]:
                self._decide(medium, clips, State.GONE)
        finally:
            self._flush()

    def _check(self, medium: Medium, clips: Clips) -> None:
        state = self._asker.ask(medium)
        if state is State.UNKNOWN:
            self.summary.states[state] += 1
            return
        suspects = self._suspects[medium.host]
        if state is State.GONE:
            suspects.append((medium, clips))
            if self._max_gone and len(suspects) >= self._max_gone:
                reason = f"says of {len(suspects):,} in a row that they are gone, which is rather a refusal"
                self._asker.left_alone[medium.host] = reason
                self.summary.states[State.UNKNOWN] += len(suspects)
                suspects.clear()
            return
        for suspect, of_suspect in suspects:  # the host tells apart, so it meant what it said
            self._decide(suspect, of_suspect, State.GONE)
        suspects.clear()
        self._decide(medium, clips, State.THERE)

    def _decide(self, medium: Medium, clips: Clips, state: State) -> None:
        self.summary.states[state] += 1
        if state is State.GONE:
            self.summary.gone.append(medium.name)
        self._decided.append((medium, clips, state))

    def _flush(self) -> None:
        """Tell the index, then note it: whatever ends this in between is only asked about again."""
        decided, self._decided = self._decided, []
        gone = [clip_id for _, clips, state in decided if state is State.GONE for clip_id in clips.available]
        back = [
            clip_id for _, clips, state in decided if state is State.THERE for clip_id in clips.unavailable
        ]
        for clip_ids, available in ((gone, False), (back, True)):
            self._mark(clip_ids, available=available)
        if self._journal is not None:
            self._journal.add(
                {"medium": medium.name, "state": state.value, "time": self._now()}
                for medium, _, state in decided
            )

    def _mark(self, clip_ids: Sequence[str], *, available: bool) -> None:
        if self._journal is None:
            self.summary.marked[available] += len(clip_ids)
            return
        for batch in _batches(clip_ids):
            results = self._catalogue.report_unavailable(batch, index=self._index, available=available)
            changed = sum(result.outcome is WriteOutcome.UPDATED for result in results)
            self.summary.marked[available] += changed

    def _read_fresh(self, recheck_s: float) -> set[str]:
        """Names of media that were checked not long ago; a time to come, of a clock that was wrong, isn't."""
        latest: dict[str, float] = {}
        for entry in self._journal.read() if self._journal is not None else ():
            match entry:
                case {"medium": str(name), "time": int() | float() as checked}:
                    latest[name] = checked
        now = self._now()
        return {name for name, checked in latest.items() if 0 <= now - checked < recheck_s}


def _batches(clip_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (clip_ids[i : i + MAX_WRITTEN_CLIPS] for i in range(0, len(clip_ids), MAX_WRITTEN_CLIPS))
