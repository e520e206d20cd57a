"""What a caller's arguments must be before any channel is asked.

Free of grpc and protobuf, so that the command line can tell of a wrong flag at once.
"""

from collections.abc import Mapping

from ambiance.errors import InvalidInputError

MAX_DEADLINE_S = 86_400.0  # a day: far more than any call takes, far less than gRPC's clock can hold


def require_deadline(deadline_s: float) -> float:
    """The deadline of a call in seconds.

    Raises:
        InvalidInputError: if it isn't a number above 0, or exceeds MAX_DEADLINE_S.
    """
    if not 0 < deadline_s <= MAX_DEADLINE_S:
        what = f"a number of seconds above 0, at most {MAX_DEADLINE_S:,.0f}, got {deadline_s}"
        raise InvalidInputError.of("deadline_s", what)
    return deadline_s


def require_utf8(values: Mapping[str, str]) -> None:
    """Require that each value can be sent, keyed by its field: no message of gRPC or protobuf names that.

    Raises:
        InvalidInputError: for the first value that isn't a string, or has a lone surrogate.
    """
    for field, value in values.items():
        if not isinstance(value, str):
            raise InvalidInputError.of(field, f"a text, got {type(value).__name__}")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            code_point = f"U+{ord(value[error.start]):04X}"
            what = f"lone surrogate {code_point} at character {error.start:,}; it has no UTF-8 encoding"
            raise InvalidInputError.of(field, what) from None
