"""The seed's words, which the tokenizers library must split as the seed did."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.tokenizer import PAD, UNKNOWN, UNKNOWN_ID
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.data.vocabulary import build_vocabulary, word_tokenizer, words
from training.text.trained import all_windows, first_windows

TOKENIZER = word_tokenizer([PAD, UNKNOWN, "she", "is", "gone"])


def seed_words(text: str) -> list[str]:
    """As the seed has it."""
    return re.findall("[a-z]+", text.lower())


def test_words_are_lower_cased_runs_of_a_to_z() -> None:
    assert words("She's GONE—naïve, 42 [NAME]!") == ["she", "s", "gone", "na", "ve", "name"]


@given(st.text())
def test_any_text_splits_as_the_seed_split_it(text: str) -> None:
    assert words(text) == seed_words(text)


def test_words_outside_the_vocabulary_are_unknown() -> None:
    assert TOKENIZER.ids("She is REALLY gone") == [2, 3, UNKNOWN_ID, 4]
    assert TOKENIZER.ids("😭 42 ?!") == []


def test_a_text_of_no_words_is_a_window_of_padding() -> None:
    assert first_windows(TOKENIZER, ["", "she is"], 3).tolist() == [[0, 0, 0], [2, 3, 0]]
    nothing, long_text = all_windows(TOKENIZER, ["?", "she is gone she"], 3)
    assert (nothing.windows.tolist(), nothing.token_count) == ([[0, 0, 0]], 0)
    assert long_text.windows.tolist() == [[2, 3, 0], [4, 2, 0]]


@pytest.mark.data
def test_real_comments_get_the_ids_that_the_seed_gave_them_but_for_how_they_are_typed() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    train, dev = (load_comments(data_dir(), split).texts for split in ("train", "dev"))
    vocabulary = build_vocabulary(train)
    assert len(vocabulary) == 2 + 2678
    ids = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = word_tokenizer(vocabulary)
    odd = 0
    for text in train + dev:
        found = tokenizer.ids(text)
        assert found == [ids.get(word, UNKNOWN_ID) for word in seed_words(tokenizer.normalized(text))]
        odd += found != [ids.get(word, UNKNOWN_ID) for word in seed_words(text)]
    assert odd < 0.02 * len(train + dev)
    assert np.array_equal(tokenizer.encode("so", 30).windows[0, :1], [ids["so"]])
