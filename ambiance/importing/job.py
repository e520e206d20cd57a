"""One import, from a file to an index: how its parts work together."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ambiance.client import Client
from ambiance.errors import Violation
from ambiance.importing.filling import Chunk, filled
from ambiance.importing.plan import Plan
from ambiance.importing.rejects import RejectsFile
from ambiance.importing.rows import Reject, Source
from ambiance.importing.sending import Answered, Sender, field_of
from ambiance.importing.state import Progress, State
from ambiance.write_results import WriteOutcome

Advance = Callable[[int], None]  # told the position in the file each time that it rises


@dataclass(frozen=True)
class Job:
    """What is to be imported, and where what can't be is told."""

    source: Source
    plan: Plan
    rejects: Path
    first_rejects: list[Reject] = field(default_factory=list)  # a few, for people

    def check(self, advance: Advance) -> Progress:
        """Read the whole file as an import does, and send and write nothing; OK is told as "readable"."""
        progress = Progress()
        for chunk in self._chunks(0):
            self._count(progress, chunk, chunk.rejects, {"readable": len(chunk.messages)})
            advance(chunk.position)
        return progress

    def run(self, client: Client, index: str, in_flight: int, state: State, advance: Advance) -> Progress:
        """Write every row that isn't acknowledged yet. What is acknowledged is kept, also if this fails.

        Raises:
            AmbianceError: if the service can't be reached or refuses as a whole, or the file is damaged.
        """
        progress = state.load()
        with RejectsFile(self.rejects, progress.rejects_bytes) as rejects_file:
            for chunk, rejects, outcomes in map(
                _sorted_out, self._answered(client, index, in_flight, progress)
            ):
                progress.rejects_bytes = rejects_file.write(rejects)
                self._count(progress, chunk, rejects, outcomes)
                state.save(progress)
                advance(chunk.position)
        state.remove()
        return progress

    def _answered(self, client: Client, index: str, in_flight: int, progress: Progress) -> Iterable[Answered]:
        return Sender(client, index, in_flight).send(self._chunks(progress.row_count))

    def _chunks(self, skip: int) -> Iterator[Chunk]:
        return (filled(rows, self.plan) for rows in self.source.rows(skip))

    def _count(
        self, progress: Progress, chunk: Chunk, rejects: list[Reject], outcomes: dict[str, int]
    ) -> None:
        progress.row_count = chunk.row_count
        progress.rejected += len(rejects)
        for outcome, count in outcomes.items():
            progress.outcomes[outcome] = progress.outcomes.get(outcome, 0) + count
        self.first_rejects.extend(rejects[: 3 - len(self.first_rejects)])


def _sorted_out(answered: Answered) -> tuple[Chunk, list[Reject], dict[str, int]]:
    """The rows of a chunk that weren't written, in order, and how many were, by outcome."""
    chunk, results = answered
    rejects, outcomes = list(chunk.rejects), dict[str, int]()
    for number, result in zip(chunk.numbers, results, strict=True):
        if result.outcome is WriteOutcome.REFUSED:
            why = next(iter(result.violations), Violation("", "refused without a reason"))
            rejects.append(Reject(number, result.clip_id, field_of(why.field), why.description))
        else:
            outcomes[result.outcome] = outcomes.get(result.outcome, 0) + 1
    return chunk, sorted(rejects), outcomes
