"""Token ids and windows."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from tokenizers.normalizers import BertNormalizer

from ambiance.errors import ArtifactError
from ambiance.tokenizer import PAD, PAD_ID, TOKENIZER_FILE, UNKNOWN, UNKNOWN_ID, TextTokenizer

WINDOW = 6
VOCABULARY = {PAD: 0, UNKNOWN: 1, "she": 2, "is": 3, "gone": 4, "for": 5, "##ever": 6}


def word_pieces(vocabulary: dict[str, int] = VOCABULARY) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


TOKENIZER = TextTokenizer(word_pieces())


def test_known_and_unknown_tokens_are_counted() -> None:
    encoding = TOKENIZER.encode("she is REALLY forever", WINDOW)
    assert encoding.windows.tolist() == [[2, 3, UNKNOWN_ID, 5, 6, PAD_ID]]
    assert encoding.windows.dtype == np.int32
    assert (encoding.token_count, encoding.unknown_token_count) == (5, 1)


@given(st.lists(st.sampled_from(["she", "is", "forever", "xyzzy"]), max_size=100), st.integers(1, 20))
def test_windows_hold_every_token_in_order(words: list[str], window: int) -> None:
    text = " ".join(words)
    encoding = TOKENIZER.encode(text, window)
    ids = [i for i in encoding.windows.reshape(-1).tolist() if i != PAD_ID]
    assert ids == TOKENIZER.ids(text)
    assert encoding.windows.shape == (-(-len(ids) // window), window)
    assert encoding.window_token_counts.sum() == encoding.token_count == len(ids)


@given(st.lists(st.sampled_from(["she", "gone"]), min_size=1, max_size=100))
def test_windows_are_of_near_equal_length(words: list[str]) -> None:
    counts = TOKENIZER.encode(" ".join(words), WINDOW).window_token_counts
    assert counts.max() - counts.min() <= 1


def test_a_window_ends_where_a_word_does() -> None:
    # Seven tokens in two windows: the fair share of four would part "for" from "ever".
    encoding = TOKENIZER.encode("she is gone forever she is", WINDOW)
    assert encoding.windows.tolist() == [[2, 3, 4, 0, 0, 0], [5, 6, 2, 3, 0, 0]]


def test_a_word_longer_than_a_window_is_parted() -> None:
    encoding = TOKENIZER.encode("for" + "ever" * 9, WINDOW)
    assert encoding.window_token_counts.tolist() == [5, 5]


def test_a_text_without_tokens_has_no_window() -> None:
    assert TOKENIZER.encode("  \n", WINDOW).windows.shape == (0, WINDOW)


def test_padding_can_not_be_written_in_a_text() -> None:
    assert PAD_ID not in TOKENIZER.ids(f"{PAD} she {PAD}")


def test_a_file_that_cuts_and_pads_is_read_whole() -> None:
    tokenizer = word_pieces()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=50)
    assert TextTokenizer(tokenizer).encode("she is gone", WINDOW).token_count == 3


def test_the_tokenizer_survives_a_save(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path)
    loaded = TextTokenizer.load(tmp_path)
    assert loaded.document == TOKENIZER.document
    assert (loaded.vocabulary_count, loaded.token_id("gone"), loaded.token_id("xyzzy")) == (7, 4, None)


def bert(*words: str) -> TextTokenizer:
    """WordPiece as the released one is, with an emoji and a joined one among its tokens."""
    vocabulary = {word: i for i, word in enumerate([PAD, UNKNOWN, *words, *".,!'\"-"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.add_tokens([AddedToken(emoji, normalized=False) for emoji in ("😭", "🤷", "❤")])
    return TextTokenizer(tokenizer)


BERT = bert("so", "happy", "i", "m", "fine", "cool", "love", "un", "##happy")


def read(tokenizer: TextTokenizer, text: str) -> list[tuple[str, str]]:
    """Each token of a text, and what stands in the text where it was read."""
    names = {i: token for token, i in tokenizer._tokenizer.get_vocab().items()}
    spans = (text[start:end] for start, end in tokenizer.offsets(text).tolist())
    return list(zip([names[i] for i in tokenizer.ids(text)], spans, strict=True))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I’m 𝐬𝐨 𝗵𝗮𝗽𝗽𝘆", "I'm so happy"),
        ("ﬁne ﬁne", "fine fine"),
        ("ｓｏ ｈａｐｐｙ！", "so happy!"),
        ("SOOOO COOOOL", "SO COOL"),
        ("hap\u200bpy so\u00ad", "happy so"),
        ("so 🤷\u200d♀️ ❤️", "so 🤷♀ ❤"),
    ],
)
def test_a_text_is_read_however_it_is_coded(text: str, plain: str) -> None:
    assert BERT.ids(text) == BERT.ids(plain)
    assert BERT.encode(text, WINDOW).windows.tolist() == BERT.encode(plain, WINDOW).windows.tolist()
    assert BERT.normalized(text) == plain
    assert BERT.normalized(plain) == plain


def test_offsets_point_into_the_text_as_it_was_sent() -> None:
    assert read(BERT, "so happy") == [("so", "so"), ("happy", "happy")]
    assert read(BERT, "unhappy, I’m") == [
        ("un", "unhappy,"),
        ("##happy", "unhappy,"),
        (",", "unhappy,"),
        ("i", "I’m"),
        ("'", "I’m"),
        ("m", "I’m"),
    ]
    assert read(BERT, "\u200b \u200b SOOOO\u200b\n  ﬁne…\u200b 𝗵𝗮𝗽𝗽𝘆") == [
        ("so", "SOOOO\u200b"),
        ("fine", "ﬁne…\u200b"),
        *[(".", "ﬁne…\u200b")] * 3,
        ("happy", "𝗵𝗮𝗽𝗽𝘆"),
    ]


def test_a_joined_emoji_does_not_break_the_tokens_of_its_parts() -> None:
    assert read(BERT, "🤷\u200d♀️ so😭😭 ❤️") == [
        ("🤷", "🤷\u200d♀️"),
        (UNKNOWN, "🤷\u200d♀️"),
        ("so", "so😭😭"),
        *[("😭", "so😭😭")] * 2,
        ("❤", "❤️"),
    ]


@given(
    st.text()
    | st.lists(st.sampled_from(["so", "happyyy", " ", "’", "ﷺ", "\u200b", "😭", "\u0301", "ﬁne", "\n"])).map(
        "".join
    )
)
def test_every_token_has_a_place_in_the_text(text: str) -> None:
    offsets, encoding = BERT.offsets(text), BERT.encode(text, WINDOW)
    assert offsets.shape == (encoding.token_count, 2)
    assert (offsets[:, 0] < offsets[:, 1]).all()
    assert (np.diff(offsets[:, 0]) >= 0).all()
    assert not len(offsets) or 0 <= offsets.min() <= offsets.max() <= len(text)


@pytest.mark.parametrize(
    "text", ["\u0301" * 20_000, "a" * 20_000, "so " + "ab" * 9_000 + " ooo", "\u200b" * 20_000]
)
def test_hostile_texts_are_read_at_once(text: str) -> None:
    start = time.thread_time()
    encoding = BERT.encode(text, WINDOW)
    assert len(BERT.offsets(text)) == encoding.token_count
    assert time.thread_time() - start < 1


def test_a_text_of_nothing_visible_has_no_tokens() -> None:
    for text in ("\u200b", " \ufe0f\u200d ", "\u00ad"):
        assert BERT.encode(text, WINDOW).windows.shape == (0, WINDOW)
        assert BERT.offsets(text).shape == (0, 2)


@pytest.mark.parametrize("vocabulary", [{"she": 0, UNKNOWN: 1}, {UNKNOWN: 0, PAD: 1}])
def test_a_tokenizer_of_other_conventions_is_refused(tmp_path: Path, vocabulary: dict[str, int]) -> None:
    word_pieces(vocabulary).save(str(tmp_path / TOKENIZER_FILE))
    with pytest.raises(ArtifactError, match=r"tokenizer.json: .*first tokens are"):
        TextTokenizer.load(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"tokenizer.json: "):
        TextTokenizer.load(tmp_path)
    (tmp_path / TOKENIZER_FILE).write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"tokenizer.json: "):
        TextTokenizer.load(tmp_path)
