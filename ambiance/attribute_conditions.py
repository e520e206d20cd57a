"""Conditions on what people know a piece of music by: its title, artist and the like, and attributes of one's
own. The checks are those that need no index."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ambiance.errors import Violation
from ambiance.limits import (
    MAX_ATTRIBUTE_NAME_CHARACTERS,
    MAX_CONDITION_VALUES,
    MAX_METADATA_CHARACTERS,
)
from ambiance.validation import shown

# The types of attributes, called as the fields of the message `AttributeValue` are.
TEXT, NUMBER, FLAG = "text", "number", "flag"

# Attributes that are fields of `ClipMetadata`, by name, which no other may have.
BUILT_IN: Mapping[str, str] = {
    "title": TEXT,
    "artist": TEXT,
    "album": TEXT,
    "track_id": TEXT,
    "uri": TEXT,
    "duration_seconds": NUMBER,
}

ATTRIBUTE_NAME = re.compile(rf"[0-9A-Za-z_.-]{{1,{MAX_ATTRIBUTE_NAME_CHARACTERS}}}", re.ASCII)

Value = str | float | bool


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """What an attribute of a clip must be: one of some values, or a number between two bounds.

    `AttributeCondition("artist", ["Nina Simone"])`, `AttributeCondition("year", least=1960, most=1969)`. The
    name is one of BUILT_IN or of the index's own attributes. Upper and lower case of text differ, and numbers
    must be the very same; bounds belong to the range, and one of both will do.
    """

    name: str
    values: Sequence[Value] = ()
    least: float | None = None
    most: float | None = None

    @property
    def is_range(self) -> bool:
        """Whether any bound is set."""
        return self.least is not None or self.most is not None


def type_of(value: Value | None) -> str:
    """Which of TEXT, NUMBER and FLAG a value is."""
    if isinstance(value, bool):  # which is a number to Python
        return FLAG
    return TEXT if isinstance(value, str) else NUMBER


def read_condition(condition: Any) -> AttributeCondition:
    """A condition, or the message of that name, as the former; a value that isn't set becomes None."""
    if isinstance(condition, AttributeCondition):
        return condition
    values: list[Any] = [getattr(value, value.WhichOneof("value") or "", None) for value in condition.values]
    bounds = condition.range
    return AttributeCondition(
        condition.name,
        values,
        bounds.least if bounds.HasField("least") else None,
        bounds.most if bounds.HasField("most") else None,
    )


def condition_violations(path: str, condition: AttributeCondition) -> Iterator[Violation | None]:
    """What is wrong with a condition, whatever the index, at its path in the request."""
    if not ATTRIBUTE_NAME.fullmatch(condition.name):
        limit = f"1 to {MAX_ATTRIBUTE_NAME_CHARACTERS} letters, digits, _, - and ."
        yield Violation(f"{path}.name", f"{limit}, got {shown(condition.name)}")
    if bool(condition.values) == condition.is_range:
        found = "both" if condition.values else "neither"
        yield Violation(path, f"values, or a range with a least or a most, got {found}")
    if (count := len(condition.values)) > MAX_CONDITION_VALUES:
        yield Violation(f"{path}.values", f"at most {MAX_CONDITION_VALUES}, got {count:,}")
        return
    for i, value in enumerate(condition.values):
        yield _value_violation(f"{path}.values[{i}]", value)
    yield from _range_violations(f"{path}.range", condition.least, condition.most)


def type_violations(path: str, condition: AttributeCondition, held: str) -> Iterator[Violation]:
    """What is wrong with a condition on an attribute of the type that is `held`."""
    for i, value in enumerate(condition.values):
        if (given := type_of(value)) != held:
            yield Violation(f"{path}.values[{i}]", f"{condition.name} is a {held}, got a {given}")
    if condition.is_range and held != NUMBER:
        yield Violation(f"{path}.range", f"{condition.name} is a {held}, got a range of numbers")


def _value_violation(path: str, value: Value | None) -> Violation | None:
    if value is None:
        return Violation(path, f"one of {TEXT}, {NUMBER} and {FLAG} must be set")
    if isinstance(value, str):
        limit = f"at most {MAX_METADATA_CHARACTERS:,} characters"
        return (
            Violation(path, f"{limit}, got {len(value):,}") if len(value) > MAX_METADATA_CHARACTERS else None
        )
    return None if math.isfinite(value) else Violation(path, f"a finite number, got {value:g}")


def _range_violations(path: str, least: float | None, most: float | None) -> Iterator[Violation]:
    finite = True
    for name, bound in (("least", least), ("most", most)):
        if bound is not None and not math.isfinite(bound):
            finite = False
            yield Violation(f"{path}.{name}", f"a finite number, got {bound:g}")
    if finite and least is not None and most is not None and least > most:
        yield Violation(path, f"a least that isn't above the most, got {least:g} to {most:g}")
