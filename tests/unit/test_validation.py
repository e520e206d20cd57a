"""Bad requests are refused naming field, limit and offence; good ones, at their limits, aren't."""

from collections.abc import Iterator

import pytest

from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import MAX_EXPLAINED_CHARACTERS, MAX_TEXT_CHARACTERS, MAX_TEXTS
from ambiance.validation import (
    MAX_MESSAGE_BYTES,
    MAX_VIOLATIONS,
    check_explained,
    checked_texts,
    raise_violations,
    resolve_k,
    shown,
    text_violation,
)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a" * MAX_TEXT_CHARACTERS,
        "tab\tnewline\r\n",
        "form feed\f",
        "😭" * MAX_TEXT_CHARACTERS,
        "\u200b",
        "é\x85",
    ],
)
def test_texts_within_the_limits_pass(text: str) -> None:
    assert text_violation("text", text) is None


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("", "is empty"),
        ("a" * 20_001, "at most 20,000 characters, got 20,001"),
        ("so\x00sad", "control character U+0000 at character 2; only white space is allowed among these"),
        ("\x1b[31mred", "control character U+001B at character 0; only white space is allowed among these"),
        ("\x9f", "control character U+009F at character 0; only white space is allowed among these"),
    ],
)
def test_a_bad_text_is_described(text: str, description: str) -> None:
    violation = text_violation("texts[3]", text)
    assert violation is not None
    assert (violation.field, violation.description) == ("texts[3]", description)


@pytest.mark.parametrize(("count", "offence"), [(0, "got none"), (300, "got 300")])
def test_batches_are_limited(count: int, offence: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"^texts: .*at most 256, {offence}$"):
        checked_texts("texts", ["a"] * count)
    assert checked_texts("texts", ["a"] * MAX_TEXTS) == ["a"] * MAX_TEXTS


def test_texts_are_counted_before_any_is_read() -> None:
    class Unreadable(list[str]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("was read")

    with pytest.raises(InvalidInputError, match="at most 256, got 257"):
        checked_texts("texts", Unreadable(["a"] * 257))


def test_every_bad_text_is_named_until_there_are_too_many() -> None:
    with pytest.raises(InvalidInputError) as raised:
        checked_texts("texts", ["fine", "", "fine", "\x00"])
    assert [violation.field for violation in raised.value.violations] == ["texts[1]", "texts[3]"]
    with pytest.raises(InvalidInputError, match=r"and 248 more violations\)$") as raised:
        checked_texts("texts", [""] * MAX_TEXTS)
    assert len(raised.value.violations) == MAX_VIOLATIONS


def test_long_offences_are_counted_rather_than_listed() -> None:
    with pytest.raises(InvalidInputError, match=r"and 4 more violations\)$") as raised:
        raise_violations(Violation(f"texts[{i}]", "x" * 400) for i in range(7))
    assert [violation.field for violation in raised.value.violations] == ["texts[0]", "texts[1]", "texts[2]"]
    assert len(str(raised.value).encode()) <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize(("k", "resolved"), [(0, 10), (1, 1), (1_000, 1_000)])
def test_k_has_a_default(k: int, resolved: int) -> None:
    assert resolve_k(k, 1) == resolved


@pytest.mark.parametrize("k", [-1, 1_001, 10_000, -(2**31)])
def test_k_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(InvalidInputError, match=rf"^options\.k: 1 to 1,000, or 0 for 10, got {k:,}$"):
        resolve_k(k, 1)


def test_the_size_of_a_reply_is_bounded() -> None:
    assert resolve_k(39, 256) == 39
    with pytest.raises(InvalidInputError, match=r"^options\.k: queries x k is at most 10,000, got 256 x 40$"):
        resolve_k(40, 256)


def test_a_callers_words_are_quoted_short_and_printable() -> None:
    assert shown("sad\n") == "'sad\\n'"
    assert shown("x" * 64) == f"'{'x' * 64}'"
    for long in ("x" * 65, "x" * 10_000, "😭" * 64, "'\"" * 40):
        assert len(shown(long)) == 67  # 64 characters, the ellipsis and the quotes


def test_texts_to_explain_are_counted_together() -> None:
    half = "é" * (MAX_EXPLAINED_CHARACTERS // 2)
    check_explained("texts", [half, half])
    with pytest.raises(InvalidInputError) as caught:
        check_explained("texts", [half, half, "a"])
    limit = "at most 20,000 characters together with explain"
    assert caught.value.violations == (Violation("texts", f"{limit}, got 20,001"),)
