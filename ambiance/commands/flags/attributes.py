"""The flag --attribute: conditions on attributes as they are written on a command line."""

import argparse
import re
from collections.abc import Iterable
from typing import NamedTuple

from ambiance.attribute_conditions import BUILT_IN, TEXT, AttributeCondition, Value
from ambiance.errors import InvalidInputError

_FLAG = "--attribute"
_CONDITION = re.compile(r"\s*([0-9A-Za-z_.-]+)\s*(>=|<=|=)\s*(.*?)\s*", re.DOTALL)
_FLAGS = {"true": True, "false": False}


class Asked(NamedTuple):
    """One flag: an attribute, how it is compared, and with what."""

    name: str
    sign: str  # "=", ">=" or "<="
    value: Value


def add_attribute_flag(group: argparse._ArgumentGroup) -> None:
    """Add the flag to those that choose which clips may answer."""
    group.add_argument(
        _FLAG,
        dest="attributes",
        metavar="NAME=VALUE",
        type=_asked,
        action="append",
        default=[],
        help='with this attribute, such as "artist=Nina Simone", year=1965 or live=true; "year>=1960" and '
        '"year<=1969" bound a number; quotes within make a text of a number: \'code="007"\'',
    )


def conditions_of(asked: Iterable[Asked]) -> tuple[AttributeCondition, ...]:
    """The conditions that the flags ask for: of several values of an attribute one suffices.

    Raises:
        InvalidInputError: if two bounds of a kind are asked of one attribute, or values and bounds.
    """
    values: dict[str, list[Value]] = {}
    bounds: dict[str, dict[str, float]] = {}
    for name, sign, value in asked:
        if sign == "=":
            values.setdefault(name, []).append(value)
        elif bounds.setdefault(name, {}).setdefault(sign, float(value)) != value:
            raise InvalidInputError.of(_FLAG, f"one {sign} for each attribute, got two for {name}")
    if both := values.keys() & bounds.keys():
        raise InvalidInputError.of(
            _FLAG, f"either values or bounds for an attribute, got both for {min(both)}"
        )
    return (
        *(AttributeCondition(name, given) for name, given in values.items()),
        *(
            AttributeCondition(name, least=bound.get(">="), most=bound.get("<="))
            for name, bound in bounds.items()
        ),
    )


def _asked(argument: str) -> Asked:
    parts = _CONDITION.fullmatch(argument)
    if parts is None:
        needed = 'a name, =, >= or <=, and a value, such as "artist=Nina Simone" or "year>=1960"'
        raise argparse.ArgumentTypeError(f"{needed}; got {argument!a}")
    name, sign, written = parts.groups()
    value = _value(name, written)
    if sign != "=" and (isinstance(value, str | bool)):
        raise argparse.ArgumentTypeError(f"{name}{sign} needs a number, got {written!a}")
    return Asked(name, sign, value)


def _value(name: str, written: str) -> Value:
    """What is written, as a number or a truth value if it looks like one and the attribute isn't a text."""
    if len(written) >= 2 and written[0] == written[-1] == '"':
        return written[1:-1]
    if BUILT_IN.get(name) == TEXT:
        return written
    if written.lower() in _FLAGS:
        return _FLAGS[written.lower()]
    try:
        return float(written)
    except ValueError:
        return written
