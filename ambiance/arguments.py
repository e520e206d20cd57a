"""What a caller's arguments must be before any channel is asked.

Free of grpc and protobuf, so that the command line can tell of a wrong flag at once.
"""

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from ambiance.errors import InvalidInputError

MAX_DEADLINE_S = 86_400.0  # a day: far more than any call takes, far less than gRPC's clock can hold


def require_deadline(deadline_s: float) -> float:
    """The deadline of a call in seconds.

    Raises:
        InvalidInputError: if it isn't a number above 0, or exceeds MAX_DEADLINE_S.
    """
    seconds = require_number("deadline_s", deadline_s)
    if not 0 < seconds <= MAX_DEADLINE_S:
        what = f"a number of seconds above 0, at most {MAX_DEADLINE_S:,.0f}, got {deadline_s}"
        raise InvalidInputError.of("deadline_s", what)
    return seconds


def require_integer(field: str, value: Any) -> int:
    """An integer as Python's own; numpy's are welcome.

    Raises:
        InvalidInputError: if it is anything else, a truth value included.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidInputError.of(field, f"an integer, got {_type_name(value)}")
    return int(value)


def require_number(field: str, value: Any) -> float:
    """A real number as Python's own; numpy's are welcome.

    Raises:
        InvalidInputError: if it is anything else, a truth value included, or too large for a float.
    """
    if type(value) is float:  # nearly always; the check below takes half a microsecond
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidInputError.of(field, f"a number, got {_type_name(value)}")
    try:
        return float(value)
    except OverflowError:
        raise InvalidInputError.of(field, "a number that a float can hold, got a larger one") from None


def require_flag(field: str, value: Any) -> bool:
    """A truth value as Python's own; numpy's are welcome.

    Raises:
        InvalidInputError: if it is anything else, 0 and 1 included.
    """
    if _type_name(value) not in ("bool", "bool_"):  # by name: numpy, whose own these are, needn't be loaded
        raise InvalidInputError.of(field, f"True or False, got {_type_name(value)}")
    return bool(value)


def require_items(field: str, values: Any, what: str) -> Iterable[Any]:
    """The items of a list of `what`, given as anything iterable but a string, bytes or a mapping.

    Raises:
        InvalidInputError: if it is anything else.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidInputError.of(field, f"a list of {what}, got {_type_name(values)}")
    return values


def require_utf8(values: Mapping[str, str]) -> None:
    """Require that each value can be sent, keyed by its field: no message of gRPC or protobuf names that.

    Raises:
        InvalidInputError: for the first value that isn't a string, or has a lone surrogate.
    """
    for field, value in values.items():
        if not isinstance(value, str):
            raise InvalidInputError.of(field, f"a text, got {_type_name(value)}")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            code_point = f"U+{ord(value[error.start]):04X}"
            what = f"lone surrogate {code_point} at character {error.start:,}; it has no UTF-8 encoding"
            raise InvalidInputError.of(field, what) from None


def _type_name(value: object) -> str:
    return type(value).__name__
