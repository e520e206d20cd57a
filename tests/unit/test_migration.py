"""A migration between two ends, wherever they lie."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from ambiance.errors import PreconditionError, UnavailableError
from music_index_service.migrate.migration import migrate
from music_index_service.store.changes import Change, State


@dataclass
class FakeEnd:
    """An index in memory, read a clip at a time."""

    held: dict[str, Change] = field(default_factory=dict)
    attribute_types: Mapping[str, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)  # ids, in their order
    fails_after: int | None = None  # writes

    def changes(self) -> Iterator[list[Change]]:
        for change in sorted(self.held.values(), key=lambda change: change.clip_id):
            yield [change]

    def write(self, changes: list[Change]) -> None:
        if self.fails_after is not None and len(self.writes) >= self.fails_after:
            raise UnavailableError("it is away")
        for change in changes:
            self.writes.append(change.clip_id)
            self.held[change.clip_id] = change

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        self.attribute_types = {**self.attribute_types, **types}

    def close(self) -> None:
        pass


def of(*changes: Change, **fields: object) -> FakeEnd:
    return FakeEnd({change.clip_id: change for change in changes}, **fields)  # type: ignore[arg-type]


A, B = Change("a", State.WRITTEN, b"as it is"), Change("b", State.DELETED)
C = Change("c", State.UNAVAILABLE)


def test_what_was_cut_short_goes_on_where_it_stopped() -> None:
    source, target = of(A, B, C, attribute_types={"year": "number"}), FakeEnd(fails_after=2)
    with pytest.raises(UnavailableError):
        migrate(source, target)
    assert target.writes == ["a", "b"]
    target.fails_after = None
    held = migrate(source, target)
    assert (held.written, held.deleted, held.unavailable) == (1, 1, 1)
    assert target.writes == ["a", "b", "c"]
    assert target.held == source.held
    assert target.attribute_types == {"year": "number"}


def test_types_are_learned_where_all_else_was_carried_over_before() -> None:
    source, target = of(A, attribute_types={"year": "number"}), of(A)
    migrate(source, target)
    assert (target.writes, target.attribute_types) == ([], {"year": "number"})


@pytest.mark.parametrize(
    "other", [Change("a", State.WRITTEN, b"another"), Change("a", State.DELETED), Change("d", State.DELETED)]
)
def test_what_the_source_does_not_hold_stays_as_it_is(other: Change) -> None:
    source, target = of(A, B), of(other)
    with pytest.raises(PreconditionError, match="the target holds something already: "):
        migrate(source, target)
    assert (target.writes, list(target.held.values())) == ([], [other])
