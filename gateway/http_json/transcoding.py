"""JSON to messages and back, by the protos' descriptors, in protobuf's JSON mapping."""

import json
import re
from itertools import islice
from typing import Any, NoReturn, TypeVar, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message

from ambiance.errors import InvalidInputError
from ambiance.validation import raise_violations, shown
from gateway.http_json.shapes import violations

# Values of one JSON document. The largest valid request holds 5,000 decisions of three and a full filter.
# Each value costs fifty times its bytes here, so that a body of brackets would take gigabytes.
MAX_VALUES = 100_000

_FIELD = "request"
# A string, or the sign before a value. One that never ends is a string too: passed over, each quote in it
# would be tried anew, in a time that grows with the square of its length, with the interpreter locked.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]', re.DOTALL)
_QUOTE = ord('"')

M = TypeVar("M", bound=Message)


def parsed(body: bytes) -> Any:
    """The value of a JSON document.

    Raises:
        InvalidInputError: if it isn't one in UTF-8, names a member twice, is nested too deep or holds too
            many values.
    """
    if not body:
        raise InvalidInputError.of(_FIELD, "the body is empty; a JSON object is needed")
    if len(body) > MAX_VALUES and _holds_too_much(body):
        raise InvalidInputError.of(_FIELD, f"at most {MAX_VALUES:,} values in a body")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError.of(_FIELD, f"the body isn't UTF-8 at byte {error.start:,}") from error
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_int=_integer)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno:,}, column {error.colno:,}"
        raise InvalidInputError.of(_FIELD, f"the body isn't JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise InvalidInputError.of(_FIELD, "the body is nested too deep") from error


def to_message(value: object, kind: type[M]) -> M:
    """The message that parsed JSON is.

    Raises:
        InvalidInputError: if it isn't one, with a path for each offence.
    """
    raise_violations(violations(value, cast(Descriptor, kind.DESCRIPTOR)))
    try:
        return ParseDict(cast(dict[str, Any], value), kind())
    except ParseError as error:  # a oneof or a field set twice, by both of its names
        raise InvalidInputError.of(_FIELD, " ".join(str(error).split())) from error


def to_dict(message: Message) -> dict[str, Any]:
    """The members of a message, those at their defaults as well."""
    return MessageToDict(message, always_print_fields_with_no_presence=True)


def to_json(message: Message) -> bytes:
    """A message as a JSON document on one line."""
    return dumped(to_dict(message))


def dumped(value: object) -> bytes:
    """A JSON document on one line, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _holds_too_much(body: bytes) -> bool:
    """Whether a document holds more than MAX_VALUES values; each brings a sign and at most two strings."""
    begins = [body[token.start()] for token in islice(_TOKEN.finditer(body), 3 * MAX_VALUES + 1)]
    return len(begins) > 3 * MAX_VALUES or len(begins) - begins.count(_QUOTE) > MAX_VALUES


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        seen: set[str] = set()
        twice = next(name for name, _ in members if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise InvalidInputError.of(shown(twice), "stands twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise InvalidInputError.of(_FIELD, f"the body isn't JSON: {name} is no number there")


def _integer(digits: str) -> int | float:
    """A number without a point; of more digits than any field holds, as a float, which is out of range."""
    return int(digits) if len(digits) <= 40 else float(digits)
