"""Checks parsed JSON against a message before it becomes one: protobuf's own parser names no element of a
list, and takes what isn't a number for one."""

import math
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from ambiance.errors import Violation
from ambiance.validation import shown

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_FLOATS = {FieldDescriptor.CPPTYPE_FLOAT: 3.4028234663852886e38, FieldDescriptor.CPPTYPE_DOUBLE: math.inf}
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS: Mapping[type, str] = {dict: "an object", list: "a list", str: "a longer string"}


def violations(value: object, kind: Descriptor, path: str = "") -> Iterator[Violation]:
    """What is wrong with a value that is to be a message; paths as in JSON, `options.filter.labels[3]`."""
    if not isinstance(value, dict):
        yield Violation(path or "request", f"an object is needed, got {_told(value)}")
        return
    fields = {field.json_name: field for field in kind.fields} | dict(kind.fields_by_name)
    for name, held in value.items():
        where = f"{path}.{name}" if path else name
        if name not in fields:
            yield Violation(_clipped(where), _unknown(name, [field.json_name for field in kind.fields]))
        elif held is not None:  # null leaves a field as it is without
            yield from _of_field(held, fields[name], where)


def _of_field(value: object, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if not isinstance(value, dict):
            yield Violation(path, f"an object is needed, got {_told(value)}")
            return
        held = field.message_type.fields_by_name["value"]
        for key, each in value.items():
            yield from _of_one(each, held, f"{path}[{shown(key)}]")
    elif field.is_repeated:
        if not isinstance(value, list):
            yield Violation(path, f"a list is needed, got {_told(value)}")
            return
        for i, each in enumerate(value):
            yield from _of_one(each, field, f"{path}[{i}]")
    else:
        yield from _of_one(value, field, path)


def _of_one(value: object, field: FieldDescriptor, path: str) -> Iterator[Violation]:
    if field.message_type is not None:
        yield from violations(value, field.message_type, path)
    elif offence := _offence(value, field):
        yield Violation(path, offence)


def _offence(value: object, field: FieldDescriptor) -> str | None:
    """What is wrong with a value that is to be a scalar, if anything."""
    kind = field.cpp_type
    if kind in _INTEGERS:
        return _integer_offence(value, *_INTEGERS[kind])
    if kind in _FLOATS:
        return _float_offence(value, _FLOATS[kind])
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return None if isinstance(value, bool) else f"true or false is needed, got {_told(value)}"
    if field.enum_type is not None:
        return _enum_offence(value, field.enum_type)
    return _string_offence(value)


def _string_offence(value: object) -> str | None:
    if not isinstance(value, str):
        return f"a string is needed, got {_told(value)}"
    found = _SURROGATE.search(value)
    return found and f"half a surrogate pair at character {found.start():,}"


def _enum_offence(value: object, kind: EnumDescriptor) -> str | None:
    known = list(kind.values_by_name) if isinstance(value, str) else list(kind.values_by_number)
    if value in known and not isinstance(value, bool):
        return None
    return f"one of {', '.join(kind.values_by_name)} is needed, got {_told(value)}"


def _integer_offence(value: object, least: int, most: int) -> str | None:
    written = isinstance(value, str) and _WHOLE.fullmatch(value)
    whole = isinstance(value, float) and value.is_integer()
    number = int(value) if written or whole else value  # type: ignore[call-overload]
    if isinstance(number, int) and not isinstance(number, bool) and least <= number <= most:
        return None
    return f"a whole number from {least:,} to {most:,} is needed, got {_told(value)}"


def _float_offence(value: object, most: float) -> str | None:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number) and abs(number) <= most:
            return None
    return f"a finite number is needed, got {_told(value)}"


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name[:100], known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}" if known else ""
    return f"no such field{hint}"


def _clipped(path: str) -> str:
    return path if 0 < len(path) <= 100 and path.isprintable() else shown(path)


def _told(value: object) -> str:
    """A value for a message, cut to what a person reads; longer texts by their kind alone."""
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return str(value)[:32]
    if isinstance(value, str) and len(value) <= 32:
        return shown(value)
    return _KINDS[type(value)]
