"""Words, ids and windows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.errors import ArtifactError
from ambiance.tokenizer import PAD, PAD_ID, UNKNOWN, UNKNOWN_ID, WINDOW, WordTokenizer, words

TOKENIZER = WordTokenizer([PAD, UNKNOWN, "she", "is", "gone"])


def test_words_are_lower_cased_runs_of_a_to_z() -> None:
    assert words("She's GONE—naïve, 42 [NAME]!") == ["she", "s", "gone", "na", "ve", "name"]


def test_known_and_unknown_words_are_counted() -> None:
    encoding = TOKENIZER.encode("She is REALLY gone")
    assert encoding.windows[0, :5].tolist() == [2, 3, UNKNOWN_ID, 4, PAD_ID]
    assert (encoding.token_count, encoding.unknown_token_count) == (4, 1)


@given(st.lists(st.sampled_from(["she", "is", "gone", "xyzzy"]), max_size=200))
def test_windows_hold_every_token_in_order(tokens: list[str]) -> None:
    encoding = TOKENIZER.encode(" ".join(tokens))
    ids = [i for i in encoding.windows.reshape(-1).tolist() if i != PAD_ID]
    assert ids == [TOKENIZER.encode(token).windows[0, 0] for token in tokens]
    assert encoding.windows.shape == (-(-len(tokens) // WINDOW), WINDOW)
    assert encoding.window_token_counts.sum() == encoding.token_count == len(tokens)


def test_a_text_without_words_has_no_window() -> None:
    assert TOKENIZER.encode("😭 42 ?!").windows.shape == (0, WINDOW)


def test_the_vocabulary_survives_a_save(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path)
    assert WordTokenizer.load(tmp_path).vocabulary == TOKENIZER.vocabulary


@pytest.mark.parametrize("vocabulary", [["she", "is"], [PAD, UNKNOWN, "she", "she"], []])
def test_a_damaged_vocabulary_is_refused(vocabulary: list[str]) -> None:
    with pytest.raises(ArtifactError, match="vocabulary"):
        WordTokenizer(vocabulary)
