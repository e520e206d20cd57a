"""Which column is which field: settled, and checked, before anything is sent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ambiance.attribute_conditions import ATTRIBUTE_NAME, BUILT_IN
from ambiance.errors import InvalidInputError
from ambiance.importing.fields import ALIASES, ATTRIBUTE, FIELDS, VOCABULARIES, Field, attribute
from ambiance.importing.rows import Kind, Source
from ambiance.importing.values import AttributeType, attribute_type
from ambiance.limits import MAX_ATTRIBUTE_NAME_CHARACTERS, MAX_ATTRIBUTES
from ambiance.validation import shown

_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_.-]")
_SEPARATORS = re.compile(r"[\s.\-]+")
_PLURALS = re.compile(r"^(facet|mood|trait)s_")
_HEARD = ("vggish_frames", "vggish_embedding", "facets", "moods")
_WHOLE = "a clip's facets or moods, or its vggish_frames"


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the caller says of columns, beside their names."""

    fields: Mapping[str, str]  # column -> field
    attributes: Mapping[str, str]  # column -> type, empty for whatever it is
    skipped: frozenset[str]  # columns that are left out
    attributes_from_rest: bool = False  # whether the columns that are no field are attributes


Plan = Mapping[str, Field]


def make_plan(source: Source, mapped: Mapped) -> Plan:
    """The field of each column that is to be imported, in the order of the file.

    Raises:
        InvalidInputError: naming the column that is unknown, ambiguous, doubled or of a type that its field
            doesn't take; or if there is no id, or nothing heard.
    """
    columns = source.columns
    _require_there("--map", mapped.fields, columns)
    _require_there("--attribute", mapped.attributes, columns)
    _require_there("--skip", mapped.skipped, columns)
    bare = _bare_vocabulary([name for name in columns if name not in mapped.fields])
    plan: dict[str, Field] = {}
    for column in columns:
        if column in mapped.skipped:
            continue
        field = _field(column, source, mapped, bare)
        if taken := [other for other, known in plan.items() if known.name == field.name]:
            what = f"{field.name} is what column {shown(taken[0])} is, too; --skip one, or --map it"
            raise InvalidInputError.of(f"column {shown(column)}", what)
        if columns[column] not in field.kinds:
            what = f"{field.name} needs {field.needed}, the column holds {columns[column]}"
            raise InvalidInputError.of(f"column {shown(column)}", what)
        plan[column] = field
    _require_whole(plan)
    return plan


def _field(column: str, source: Source, mapped: Mapped, bare: Mapping[str, str]) -> Field:
    where = f"column {shown(column)}"
    if column in mapped.attributes:
        return _attribute(column, source, mapped.attributes[column])
    if column in mapped.fields:
        name = mapped.fields[column]
        if field := FIELDS.get(name):
            return field
        raise InvalidInputError.of(where, f"--map: no field {shown(name)}{_nearest(name)}")
    name = folded(column)
    name = ALIASES.get(name, bare.get(name, name))
    if field := FIELDS.get(name):
        return field
    if name == "":
        what = "can be a facet and a mood: call it facet_… or mood_…, or use --map"
        raise InvalidInputError.of(where, what)
    if mapped.attributes_from_rest:
        return _attribute(column, source, "")
    what = f"unknown{_nearest(name)}; --map, --attribute or --skip it, or use --attributes-from-rest. Known"
    raise InvalidInputError.of(where, f"{what}: {_known()}")


def folded(column: str) -> str:
    """A column's name as it is compared: case doesn't count, nor whether white space, - or . is _."""
    return _PLURALS.sub(r"\1_", _SEPARATORS.sub("_", column.strip()).lower())


def _bare_vocabulary(columns: Sequence[str]) -> dict[str, str]:
    """What a facet, mood or trait by its mere name is. Three names are both a facet and a mood: they are what
    the columns are whose names can be one only; an empty text if that doesn't tell."""
    names = set(map(folded, columns))
    facets, moods = (set(VOCABULARIES[vocabulary]) for vocabulary in ("facet", "mood"))
    both = facets & moods
    has_facets, has_moods = bool(names & (facets - both)), bool(names & (moods - both))
    told = {name: f"{vocabulary}_{name}" for vocabulary, all_ in VOCABULARIES.items() for name in all_}
    for name in both:
        told[name] = f"facet_{name}" if has_facets else f"mood_{name}"
        if has_facets == has_moods:
            told[name] = ""
    return told


def _attribute(column: str, source: Source, kind: str) -> Field:
    """The attribute of a column: of its name, with _ for what a name can't hold."""
    name = _NOT_IN_NAMES.sub("_", column.strip())
    if name in BUILT_IN or not ATTRIBUTE_NAME.fullmatch(name):
        needed = f"an attribute has 1 to {MAX_ATTRIBUTE_NAME_CHARACTERS} characters, and no field's name"
        raise InvalidInputError.of(f"column {shown(column)}", f"{needed} ({', '.join(BUILT_IN)})")
    if kind:
        return attribute(name, AttributeType(kind))
    if source.columns[column] is Kind.WRITTEN:
        return attribute(name, attribute_type(list(source.samples[column])))
    return attribute(name, AttributeType.ANY)


def _require_there(flag: str, named: Any, columns: Mapping[str, Kind]) -> None:
    for column in named:
        if column not in columns:
            by_folded = {folded(there): there for there in columns}
            near = get_close_matches(folded(column), by_folded, 1)
            hint = f"; did you mean {shown(by_folded[near[0]])}?" if near else ""
            raise InvalidInputError.of(flag, f"the file has no column {shown(column)}{hint}")


def _require_whole(plan: Plan) -> None:
    names = {field.name for field in plan.values()}
    if (count := sum(name.startswith(ATTRIBUTE) for name in names)) > MAX_ATTRIBUTES:
        raise InvalidInputError.of("columns", f"at most {MAX_ATTRIBUTES} attributes, got {count:,}")
    if "id" not in names:
        raise InvalidInputError.of("columns", "one for id is needed: call it so, or --map COLUMN=id")
    for vocabulary, all_ in VOCABULARIES.items():
        there = [name for name in all_ if f"{vocabulary}_{name}" in names]
        if f"{vocabulary}s" in names and there:
            what = f"{vocabulary}s in one column or in one each, got both"
            raise InvalidInputError.of("columns", what)
        if missing := [f"{vocabulary}_{name}" for name in all_ if there and name not in there]:
            what = f"all {len(all_)} {vocabulary}s or none; missing: {', '.join(missing)}"
            raise InvalidInputError.of("columns", what)
        if there:
            names.add(f"{vocabulary}s")
    if not names.intersection(_HEARD):
        raise InvalidInputError.of("columns", f"{_WHOLE} are needed, to place it by; got none of these")


def _nearest(name: str) -> str:
    near = get_close_matches(name, [*FIELDS, *ALIASES], 1)
    return f"; did you mean {near[0]}?" if near else ""


def _known() -> str:
    """The names of the fields, the facets, moods and traits in short."""
    scores = {f"{vocabulary}_{name}" for vocabulary, all_ in VOCABULARIES.items() for name in all_}
    return ", ".join([name for name in FIELDS if name not in scores] + ["facet_…, mood_…, trait_…"])
