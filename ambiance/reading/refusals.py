"""How a file is refused."""

from ambiance.errors import InvalidInputError

FIELD = "file"


def refused(description: str) -> InvalidInputError:
    """The error of a file that can't be read: what is wrong with it, after "file: "."""
    return InvalidInputError.of(FIELD, description)
