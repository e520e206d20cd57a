"""Plain texts are read as the library reads them, token by token."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from ambiance.tokenizer import PAD, TOKENIZER_FILE, UNKNOWN, TextTokenizer
from ambiance.word_pieces import LONGEST_TEXT, LONGEST_WORD, PlainWordPieces, is_plain
from text_encoders import RELEASED

PIECES = (PAD, UNKNOWN, "so", "happy", "un", "##happ", "##y", "##s", "s", "a", "!", "#", "’", "4", "##2", "[")
ADDED = ("[NAME]", "[NAMES]", "😭")


def library(*added: str, lowercase: bool = True, longest: int = 30) -> Tokenizer:
    """WordPiece as BERT has it, with words of up to `longest` characters."""
    vocabulary = {piece: i for i, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=longest))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in added])
    return tokenizer


def read_by_library(tokenizer: Tokenizer, text: str) -> list[int]:
    """What the library reads of a text, which a `TextTokenizer` brings into one form first."""
    return tokenizer.encode(text, add_special_tokens=False).ids


LIBRARY = library(*ADDED)
TOKENIZER = TextTokenizer(LIBRARY)
PLAIN = TOKENIZER._plain
NEWEST = max((RELEASED / "text_encoder").glob("[0-9]*"), key=lambda folder: int(folder.name))

WORDS = ("Unhappy", "unhappys", "SO", "happy42", "s" * 16, "s" * 17, "s" * 31, "##y", " ", "\n")
parts = st.sampled_from([*PIECES, *ADDED, *WORDS]) | st.text(max_size=3)
texts = st.lists(parts, max_size=12).map("".join)


@given(texts)
@example("unhappyunhappy [NAMES]so[NAME] ##y")
@example("tab\tand\rline\nand \x0b control")
def test_plain_texts_have_the_library_s_tokens(text: str) -> None:
    assert PLAIN is not None
    ids, words = PLAIN.ids(text), re.findall("[A-Za-z0-9]+", text)
    assert (ids is not None) == (is_plain(text) and max(map(len, words), default=0) <= LONGEST_WORD)
    if ids is not None:
        assert ids == read_by_library(LIBRARY, text)


def test_a_long_text_is_left_to_the_library() -> None:
    assert PLAIN is not None
    longest = ("so " * LONGEST_TEXT)[:LONGEST_TEXT]
    assert PLAIN.ids(longest) == read_by_library(LIBRARY, longest)
    assert PLAIN.ids(longest + "s") is None
    assert TOKENIZER.ids(longest + "s") == read_by_library(LIBRARY, longest + "s")


@given(texts)
def test_a_tokenizer_gives_the_library_s_tokens_for_any_text(text: str) -> None:
    assert TOKENIZER.ids(text) == read_by_library(LIBRARY, TOKENIZER.normalized(text))


def test_quotes_and_dashes_are_plain_and_accents_are_not() -> None:
    assert is_plain("“It’s” – well — so…")
    assert not is_plain("naïve")
    assert not is_plain("no\u00a0break")


@pytest.fixture(scope="module")
def released() -> tuple[TextTokenizer, Tokenizer]:
    """The released tokenizer, and the library's own of the same file."""
    return TextTokenizer.load(NEWEST), Tokenizer.from_file(str(NEWEST / TOKENIZER_FILE))


@given(text=texts)
def test_the_released_tokenizer_reads_as_the_library_does(
    released: tuple[TextTokenizer, Tokenizer], text: str
) -> None:
    tokenizer, expected = released
    assert isinstance(tokenizer._plain, PlainWordPieces)
    assert tokenizer.ids(text) == read_by_library(expected, tokenizer.normalized(text))


def other_pre_tokenizer() -> Tokenizer:
    tokenizer = library()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


@pytest.mark.parametrize(
    "tokenizer",
    [library(lowercase=False), library("happy!"), library("##s!"), library(longest=9), other_pre_tokenizer()],
    ids=[
        "cases",
        "a token that begins as a word",
        "one that begins as a piece",
        "short words",
        "other words",
    ],
)
def test_a_tokenizer_of_other_ways_is_left_to_the_library(tokenizer: Tokenizer) -> None:
    assert TextTokenizer(tokenizer)._plain is None
    text = "Happy! happy!s ##s! so"
    assert TextTokenizer(tokenizer).ids(text) == read_by_library(tokenizer, text)
