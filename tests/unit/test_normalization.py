"""However a text is coded, it is read the same; plain text stays as it is; hostile text is cheap."""

import string
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ambiance.normalization import needs_normalizing, normalize, normalized_pieces, shorten

WORDS = ["i", "so", "cool", "hello", "no", "love", "happy", "see", "goodbye", "too", "to", "wow"]
IDS = {word: i for i, word in enumerate(WORDS)}


def word_id(word: str) -> int | None:
    return IDS.get(word)


def normalized(text: str) -> str:
    """As a tokenizer does it."""
    return normalize(text, word_id) if needs_normalizing(text) else text


def styled(text: str, upper: int, lower: int) -> str:
    """Letters in an alphabet of mathematical symbols that begins at these code points."""
    return "".join(
        chr(lower + ord(c) - ord("a"))
        if c.islower()
        else chr(upper + ord(c) - ord("A"))
        if c.isupper()
        else c
        for c in text
    )


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        (0x1D400, 0x1D41A),  # bold
        (0x1D468, 0x1D482),  # bold italic
        (0x1D4D0, 0x1D4EA),  # bold script
        (0x1D5A0, 0x1D5BA),  # sans-serif
        (0x1D5D4, 0x1D5EE),  # sans-serif bold
        (0x1D670, 0x1D68A),  # monospace
        (0xFF21, 0xFF41),  # full-width
        (0x24B6, 0x24D0),  # in circles
    ],
)
def test_letters_of_every_style_are_letters(upper: int, lower: int) -> None:
    text = "I love YOU so, hello"
    assert normalized(styled(text, upper, lower)) == text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ﬁne oﬃce ﬂat ﬆar", "fine office flat star"),
        ("１２３　ｙｅｓ！", "123 yes!"),
        ("yes\u00a0sir\u2003now", "yes sir now"),
        ("I’m ‘fine’ ʼtis isnʼt", "I'm 'fine' 'tis isn't"),
        ("don´t don`t don′t don‛t", "don't don't don't don't"),
        ("“so” „so‟ «so» ″so″", '"so" "so" "so" "so"'),
        ("＂so＂ ＇tis", '"so" \'tis'),
        ("a–b—c―d‐e‑f‒g−h", "a-b-c-d-e-f-g-h"),
        ("wait…", "wait..."),
        ("so\u00adft hap\u200bpy \u2060love\ufeff", "soft happy love"),
        ("\u202eevol\u202c \u200elove\u200f", "evol love"),
        ("½ m²", "1⁄2 m2"),
    ],
)
def test_what_looks_alike_is_read_alike(typed: str, read: str) -> None:
    assert normalized(typed) == read


@pytest.mark.parametrize("word", ["café", "naïve", "Zoë", "Ångström", "Việt", "señor"])
def test_composed_and_decomposed_letters_are_one(word: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, word) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert normalized(decomposed) == normalized(composed) == composed


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("soooo", "so"),
        ("coool", "cool"),
        ("seeeee", "see"),
        ("tooooo", "too"),
        ("SOOOO COOOOL NOOOOOO", "SO COOL NO"),
        ("HELLLLO!!!", "HELLO!!!"),
        ("Sooo happyyyy", "So happy"),
        ("WoOoOoOw", "Wow"),
        ("hmmm", "hm"),
        ("i'mmmm", "i'm"),
        ("sooo-coool", "so-cool"),
        ("ｓｏｏｏｏ", "so"),
        ("𝐬𝐨𝐨𝐨𝐨", "so"),
        ("so\u200boo\u200boo", "so"),
        ("soo cool", "soo cool"),
        ("1000000 ...... ?????", "1000000 ...... ?????"),
        ("ééééé", "ééééé"),
    ],
)
def test_elongated_words_are_read_as_the_words(typed: str, read: str) -> None:
    assert normalized(typed) == read


def test_the_commoner_of_two_words_is_meant() -> None:
    ids = {"to": 5, "too": 9, "god": 9, "good": 5}
    assert shorten("toooo", ids.get) == "to"
    assert shorten("gooood", ids.get) == "good"
    assert shorten("xyyyz", ids.get) == "xyz"


@given(st.text(alphabet=[c for c in string.printable if c != "`"]))
@example('plain text, as it\'s typed: 3 > 2 (a-b) "so" too!\n\tyes')
def test_plain_text_is_untouched(text: str) -> None:
    elongated = any(
        a == b == c and a.isalpha() for a, b, c in zip(*(text.lower()[i:] for i in range(3)), strict=False)
    )
    if not elongated:
        assert not needs_normalizing(text)
        assert normalize(text, word_id) == text


EMOJI = ["😭", "❤", "🤷", "👨", "👩", "👧", "⭐", "☠", "🏳", "🌈", "👍", "🥺", "🤦", "♀", "✨", "☺"]


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_stays_itself(emoji: str) -> None:
    assert normalized(f"so {emoji} no{emoji}") == f"so {emoji} no{emoji}"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("❤️", "❤"),
        ("☠️", "☠"),
        ("🤷‍♀️", "🤷♀"),
        ("👨‍👩‍👧", "👨👩👧"),
        ("🏳️‍🌈", "🏳🌈"),
        ("👍🏽", "👍🏽"),
        ("so❤️no", "so❤no"),
    ],
)
def test_joined_emoji_come_apart_into_the_emoji_they_are_made_of(typed: str, read: str) -> None:
    assert normalized(typed) == read


characters = st.sampled_from(
    [*"aAbo \n\t.`´’…", *"\u0301\u0323\u0345", "\u200b", "\u200d", "ﬁ", "𝐚", "ａ", "😭", "ﷺ", "한", "ᄀ", "ᅡ"]
)
texts = st.text() | st.lists(characters, max_size=80).map("".join)


@given(texts)
@example("e\u0301" + "\u0323\u0301" * 40 + " so")
def test_the_pieces_put_together_are_the_text(text: str) -> None:
    pieces = list(normalized_pieces(text, word_id))
    assert "".join(piece for piece, _, _ in pieces) == normalize(text, word_id)
    assert [start for _, start, _ in pieces] == [0, *(end for _, _, end in pieces[:-1])][: len(pieces)]
    assert "".join(text[start:end] for _, start, end in pieces) == text


@given(texts)
def test_what_is_normalised_needs_it_no_more(text: str) -> None:
    # twice: compatibility forms of invisible characters, say, may come out of the first
    once = normalize(normalize(text, word_id), word_id)
    assert normalize(once, word_id) == once


def test_marks_beyond_what_any_language_piles_up_are_left_out() -> None:
    read = normalized("so" + "\u0301\u0323" * 500 + " happy")
    assert read.startswith("s")
    assert read.endswith(" happy")
    assert sum(unicodedata.combining(c) > 0 for c in read) <= 30
    vietnamese = "Tôi đã khóc suốt đêm vì nhớ mẹ, và không ai biết điều đó cả."
    assert normalized(unicodedata.normalize("NFD", vietnamese)) == vietnamese


def seconds(text: str) -> float:
    """The least of three runs, of this thread alone: others may be busy beside it."""
    took = []
    for _ in range(3):
        start = time.thread_time()
        normalize(text, word_id)
        list(normalized_pieces(text, word_id))
        took.append(time.thread_time() - start)
    return min(took)


HOSTILE = {
    "one letter": lambda n: "a" * n,
    "marks": lambda n: "\u0301" * n,
    "marks in the wrong order": lambda n: "a" + "\u0301\u0323" * (n // 2),
    "marks of three classes": lambda n: "a" + "\u0345\u0301\u0323" * (n // 3),
    "an elongated word before a long one": lambda n: "aaa!" + "ab" * (n // 2),
    "a long word that ends elongated": lambda n: "ab" * (n // 2) + "ooo",
    "many elongated words": lambda n: "aaa " * (n // 4),
    "pairs": lambda n: "aab" * (n // 3) + "ccc",
    "the longest expansion": lambda n: "\ufdfa" * n,
    "zero width": lambda n: "\u200b" * n,
    "spaces": lambda n: "é" + " \u00a0" * (n // 2),
    "words of one letter": lambda n: "é " * (n // 2),
    "jamo": lambda n: "\u1100\u1161\u11a8" * (n // 3),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_more_than_linear_time(make: object) -> None:
    longest, quarter = seconds(make(20_000)), seconds(make(5_000))  # type: ignore[operator]
    # four times as long, where quadratic time would take sixteen; a few milliseconds say nothing
    assert longest < max(9 * quarter, 0.02)
