"""Checks of request fields that more than one service makes. Each names field, limit and offence."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TypeVar

from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import (
    DEFAULT_K,
    MAX_EXPLAINED_CHARACTERS,
    MAX_HITS,
    MAX_K,
    MAX_TEXT_CHARACTERS,
    MAX_TEXTS,
)

MAX_VIOLATIONS = 8  # offences that one error lists
# A status travels in HTTP/2 trailers, of which a peer accepts 8 KiB. It holds an error's text percent-encoded
# (three bytes for each that isn't ASCII), and twice more in base64: 17/3 of the text at worst.
MAX_MESSAGE_BYTES = 1_300
_COUNT_BYTES = 50  # kept free for the count of what isn't listed
MAX_SHOWN_CHARACTERS = 64

# Path of a request's SearchOptions, before the names of their fields.
OPTIONS_PREFIX = "options."

# Category Cc without white space.
CONTROL_CHARACTER = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")

T = TypeVar("T")


def shown(value: str) -> str:
    """A caller's text quoted for a message: made printable and cut after MAX_SHOWN_CHARACTERS."""
    quoted = ascii(value[: MAX_SHOWN_CHARACTERS + 1])  # an escape is up to ten characters: cut after it, too
    end = MAX_SHOWN_CHARACTERS + 1
    return quoted if len(quoted) <= end + 1 else f"{quoted[:end]}…{quoted[0]}"


def raise_violations(violations: Iterable[Violation | None]) -> None:
    """Raise InvalidInputError if any of these is a violation rather than None.

    Beyond MAX_VIOLATIONS, and beyond what MAX_MESSAGE_BYTES hold, the rest is counted in the last one's
    description, not listed.
    """
    found = [violation for violation in violations if violation is not None]
    if not found:
        return
    sizes = accumulate(len(f"{violation}; ".encode()) for violation in found[:MAX_VIOLATIONS])
    listed = max(1, sum(size <= MAX_MESSAGE_BYTES - _COUNT_BYTES for size in sizes))
    if left := len(found) - listed:
        last = found[listed - 1]
        counted = Violation(last.field, f"{last.description} (and {left:,} more violations)")
        found = [*found[: listed - 1], counted]
    raise InvalidInputError(found)


def check_count(field: str, count: int, limit: int) -> None:
    """Require 1..limit elements in a repeated field."""
    if count == 0:
        raise InvalidInputError.of(field, f"at least 1, at most {limit:,}, got none")
    if count > limit:
        raise InvalidInputError.of(field, f"at most {limit:,}, got {count:,}")


def check_each(field: str, values: Sequence[T], check: Callable[[str, T], Violation | None]) -> None:
    """Apply a check to each element of a repeated field and report every offence."""
    raise_violations(check(f"{field}[{i}]", value) for i, value in enumerate(values))


def text_violation(field: str, text: str, most: int = MAX_TEXT_CHARACTERS) -> Violation | None:
    """What is wrong with a text of at most so many characters before any tokenizer reads it, if anything."""
    if not text:
        return Violation(field, "is empty")
    if len(text) > most:
        return Violation(field, f"at most {most:,} characters, got {len(text):,}")
    if control := CONTROL_CHARACTER.search(text):
        where = f"control character U+{ord(control[0]):04X} at character {control.start():,}"
        return Violation(field, f"{where}; only white space is allowed among these")
    return None


def checked_texts(field: str, texts: Sequence[str]) -> list[str]:
    """Return 1..MAX_TEXTS texts, each in order, as a list.

    It is the one copy out of a message, which makes a string anew on every access. The count comes first:
    a request can hold millions of empty texts.
    """
    check_count(field, len(texts), MAX_TEXTS)
    copied = list(texts)
    check_each(field, copied, text_violation)
    return copied


def check_explained(field: str, texts: Sequence[str]) -> None:
    """Require that texts to explain hold at most MAX_EXPLAINED_CHARACTERS together.

    Explaining reads a text once for each of its words.
    """
    count = sum(map(len, texts))
    if count > MAX_EXPLAINED_CHARACTERS:
        limit = f"at most {MAX_EXPLAINED_CHARACTERS:,} characters together with explain"
        raise InvalidInputError.of(field, f"{limit}, got {count:,}")


def resolve_k(k: int, query_count: int) -> int:
    """Neighbours per query: k, or DEFAULT_K for 0.

    Raises:
        InvalidInputError: if k is out of range or queries x k is more than MAX_HITS.
    """
    field = f"{OPTIONS_PREFIX}k"
    if k < 0 or k > MAX_K:
        raise InvalidInputError.of(field, f"1 to {MAX_K:,}, or 0 for {DEFAULT_K}, got {k:,}")
    resolved = k or DEFAULT_K
    if query_count * resolved > MAX_HITS:
        product = f"{query_count:,} x {resolved:,}"
        raise InvalidInputError.of(field, f"queries x k is at most {MAX_HITS:,}, got {product}")
    return resolved
