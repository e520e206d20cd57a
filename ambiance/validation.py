"""Checks of request fields that more than one service makes. Each names field, limit and offence."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import DEFAULT_K, MAX_HITS, MAX_K, MAX_TEXT_CHARACTERS, MAX_TEXTS

# Status details travel in HTTP/2 trailers, of which a peer accepts 8 KiB: report the first few offences.
MAX_VIOLATIONS = 8
MAX_SHOWN_CHARACTERS = 64

# Category Cc without white space.
_CONTROL_CHARACTER = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")

T = TypeVar("T")


def shown(value: str) -> str:
    """A caller's own words quoted for a message, shortened and printable."""
    cut = value if len(value) <= MAX_SHOWN_CHARACTERS else value[:MAX_SHOWN_CHARACTERS] + "…"
    return ascii(cut)


def raise_violations(violations: Iterable[Violation | None]) -> None:
    """Raise InvalidInputError for what isn't None, if anything.

    Beyond MAX_VIOLATIONS the rest is counted in the last one's description, not listed.
    """
    found = [violation for violation in violations if violation is not None]
    if len(found) > MAX_VIOLATIONS:
        last = found[MAX_VIOLATIONS - 1]
        more = f"{last.description} (and {len(found) - MAX_VIOLATIONS} more violations)"
        found = [*found[: MAX_VIOLATIONS - 1], Violation(last.field, more)]
    if found:
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


def text_violation(field: str, text: str) -> Violation | None:
    """What is wrong with a text before any tokenizer reads it, if anything."""
    if not text:
        return Violation(field, "is empty")
    if len(text) > MAX_TEXT_CHARACTERS:
        return Violation(field, f"at most {MAX_TEXT_CHARACTERS:,} characters, got {len(text):,}")
    if control := _CONTROL_CHARACTER.search(text):
        where = f"control character U+{ord(control[0]):04X} at character {control.start():,}"
        return Violation(field, f"{where}; only white space is allowed among these")
    return None


def check_texts(field: str, texts: Sequence[str]) -> None:
    """Require 1..MAX_TEXTS texts, each in order."""
    check_count(field, len(texts), MAX_TEXTS)
    check_each(field, texts, text_violation)


def resolve_k(k: int, query_count: int) -> int:
    """Neighbours per query: k, or DEFAULT_K for 0.

    Raises:
        InvalidInputError: if k is out of range or queries x k is more than MAX_HITS.
    """
    if k < 0 or k > MAX_K:
        raise InvalidInputError.of("k", f"1 to {MAX_K:,}, or 0 for {DEFAULT_K}, got {k:,}")
    resolved = k or DEFAULT_K
    if query_count * resolved > MAX_HITS:
        product = f"{query_count:,} x {resolved:,}"
        raise InvalidInputError.of("k", f"queries x k is at most {MAX_HITS:,}, got {product}")
    return resolved
