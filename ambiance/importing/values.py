"""One value of a file as a field of a clip takes it. ValueError tells in a few words what is wrong."""

import base64
import binascii
import itertools
from collections.abc import Mapping, Sequence
from enum import StrEnum
from numbers import Real
from typing import Any

from ambiance.importing.rows import Unreadable, kind_of
from ambiance.validation import shown

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FLAG_NAMES = "true or false, yes or no, 1 or 0"
LABEL_SEPARATOR = ";"


def as_text(value: Any) -> str:
    """A text; whole numbers are written out, as ids often are numbers."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"control character U+0000 at character {value.index(chr(0)):,}")
        if not value.isascii():
            value.encode()  # UnicodeEncodeError is a ValueError, see `told`
        return value
    if type(value) is int:
        return str(value)
    raise ValueError(f"a text, got {_told(value)}")


def as_number(value: Any) -> float:
    """A number, or a text that is one; point, exponent and sign as everywhere."""
    if type(value) is float:
        return value
    if isinstance(value, str):
        try:
            if "_" not in value:  # which Python would pass over
                return float(value)
        except ValueError:
            pass
        raise ValueError(f"a number, got {shown(value)}")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"a number, got {_told(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number that a float can hold, got a larger one") from None


def plain_texts(values: Sequence[Any]) -> list[str] | None:
    """All values as texts, in a tenth of the time that `as_text` takes; None if any isn't plainly one."""
    if set(map(type, values)) != {str}:
        return None
    together = "".join(values)
    try:
        together.encode()
    except UnicodeEncodeError:
        return None
    return list(values) if "\0" not in together else None


def plain_numbers(values: Sequence[Any]) -> list[float] | None:
    """All values as numbers, in a fifth of the time that `as_number` takes; None if any isn't plainly one."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return list(values)
    if kinds == {str}:
        if "_" in "".join(values):
            return None
    elif not kinds or not kinds <= {float, int}:
        return None
    try:
        return list(map(float, values))
    except (ValueError, OverflowError):
        return None


def as_flag(value: Any) -> bool:
    """A truth value, or a text or number that is usual for one."""
    if isinstance(value, bool):
        return value
    flag = _FLAGS.get(str(value).strip().casefold()) if isinstance(value, str | int) else None
    if flag is None:
        got = shown(value) if isinstance(value, str) else _told(value)
        raise ValueError(f"{_FLAG_NAMES}, got {got}")
    return flag


def as_labels(value: Any) -> list[str]:
    """A list of texts, or one text in which semicolons part them."""
    if isinstance(value, str):
        return [as_text(part.strip()) for part in value.split(LABEL_SEPARATOR) if part.strip()]
    if isinstance(value, list):
        return list(map(as_text, value))
    raise ValueError(f"a list of texts, got {_told(value)}")


def as_bytes(value: Any) -> bytes:
    """Bytes, or base64 of them."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"base64 of bytes: {error}") from None
    raise ValueError(f"bytes, got {_told(value)}")


def as_numbers(value: Any) -> list[float]:
    """A list of numbers, or of lists of them, one after the other."""
    if not isinstance(value, list):
        raise ValueError(f"a list of numbers, got {_told(value)}")
    rows = value if value and isinstance(value[0], list) else [value]
    if not all(isinstance(row, list) for row in rows):
        raise ValueError("a list of numbers, got both lists and numbers")
    numbers = list(itertools.chain.from_iterable(rows))
    if set(map(type, numbers)) <= {float}:  # which a clip's thousand mostly are
        return numbers
    return list(map(as_number, numbers))


def as_scores(value: Any) -> Mapping[str, float]:
    """A mapping of names to numbers; what has none is left out."""
    if not isinstance(value, dict):
        raise ValueError(f"a mapping of names to numbers, got {_told(value)}")
    return {as_text(name): as_number(score) for name, score in value.items() if score is not None}


class AttributeType(StrEnum):
    """What the values of an attribute are. ANY: each what its file says."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    ANY = "any"

    def set(self, message: Any, value: Any) -> None:
        """Set an AttributeValue."""
        is_any = self is AttributeType.ANY
        if self is AttributeType.FLAG or (is_any and isinstance(value, bool)):
            message.flag = as_flag(value)
        elif self is AttributeType.NUMBER or (is_any and not isinstance(value, str)):
            message.number = as_number(value)
        else:
            message.text = as_text(value)

    def plain(self, values: Sequence[Any]) -> tuple[str, Sequence[str] | Sequence[float] | None]:
        """What an AttributeValue calls values like these, and all of them as that; None for them if any isn't
        plainly such a one."""
        if self is AttributeType.TEXT or (self is AttributeType.ANY and str in map(type, values)):
            return "text", plain_texts(values)
        return "number", plain_numbers(values) if self is not AttributeType.FLAG else None


def attribute_type(values: list[Any]) -> AttributeType:
    """The type of an attribute that is written as text, by its first values: numbers if all of them are, and
    none begins with a zero as ids do; truth values if all are "true" or "false"; else texts."""
    given = [value for value in values if isinstance(value, str)]
    if not given:
        return AttributeType.TEXT
    if all(value.strip().casefold() in ("true", "false") for value in given):
        return AttributeType.FLAG
    try:
        for value in given:
            as_number(value)
    except ValueError:
        return AttributeType.TEXT
    if any(len(value) > 1 and value[0] == "0" and value[1] not in ".eE" for value in given):
        return AttributeType.TEXT
    return AttributeType.NUMBER


def told(error: ValueError) -> str:
    """What is wrong with a value, for people."""
    if not isinstance(error, UnicodeEncodeError):
        return str(error)
    code = ord(error.object[error.start])
    if 0xDC80 <= code <= 0xDCFF:  # how Python reads a byte that isn't UTF-8
        return f"byte 0x{code - 0xDC00:02X} at character {error.start:,} isn't UTF-8"
    return f"lone surrogate U+{code:04X} at character {error.start:,}; it has no UTF-8 encoding"


def _told(value: Any) -> str:
    """What a value is, for people: one of a list's elements, say."""
    if isinstance(value, Unreadable):
        return f"what can't be read: {value.reason}"
    return (
        f"one of the {kind_of(value)}" if kind_of(value) != "values of another type" else type(value).__name__
    )
