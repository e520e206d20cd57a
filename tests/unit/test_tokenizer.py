"""Token ids and windows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

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
