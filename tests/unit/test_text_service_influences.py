"""Leaving words out, against an oracle that builds every variant token by token."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ambiance.pooling import pool
from ambiance.tokenizer import Encoding
from text_encoders import JOY, WINDOW, WORDS, MeanIdEncoder, text_reader, tokenizer
from text_service.function_words import is_function_word
from text_service.influences import MAX_INFLUENCES, Influence


def explain(*texts: str) -> list[list[Influence]]:
    reader = text_reader()
    return reader.explain(texts, [reader.tokenize(text) for text in texts], 1.0)


def posterior(windows: list[list[int]]) -> NDArray[np.float32]:
    """Pooled over windows of token ids."""
    padded = np.array([window + [0] * (WINDOW - len(window)) for window in windows], np.int32)
    count = sum(map(len, windows))
    return pool(MeanIdEncoder().encode(padded, 1.0), [Encoding(padded, count, 0)])["emotions"][0]


def pool_of(text: str) -> NDArray[np.float32]:
    """The posterior of a whole text."""
    windows = tokenizer().encode(text, WINDOW).windows.tolist()
    return posterior([[token for token in window if token] for window in windows])


def oracle(text: str) -> list[tuple[str, int, float]]:
    """Word, start and shift of each word of a text, in order."""
    encoding = tokenizer().encode(text, WINDOW)
    windows = [[token for token in window if token] for window in encoding.windows.tolist()]
    whole, position, found = posterior(windows), 0, []
    for word in re.finditer(r"\S+", text):
        count = len(re.findall("[a-zA-Z]+", word[0]))
        removed = set(range(position, position + count))
        tokens = iter(range(encoding.token_count))
        left = [[token for token in window if next(tokens) not in removed] for window in windows]
        position += count
        if removed and any(left) and word[0] not in FUNCTION_WORDS:
            difference = whole - posterior([window for window in left if window])
            found.append((word[0], word.start(), np.abs(difference).sum() / 2))
    return found


FUNCTION_WORDS = ("i", "am", "i'm", "A")  # among the pieces

pieces = st.sampled_from([*WORDS, "other", "so-so", "42", "😭", "happy!!", "i'm", "A"])
gaps = st.sampled_from([" ", "\n", "  ", "\t "])


@given(st.lists(st.tuples(pieces, gaps), min_size=1, max_size=120))
def test_each_words_shift_is_that_of_the_text_without_it(parts: list[tuple[str, str]]) -> None:
    text = "".join(part for pair in parts for part in pair)
    if not tokenizer().encode(text, WINDOW).token_count:
        return
    expected = {start: (word, shift) for word, start, shift in oracle(text)}
    [found] = explain(text)
    assert len(found) == min(len(expected), MAX_INFLUENCES)
    for influence in found:
        word, shift = expected[influence.start]
        assert (influence.word, influence.shift) == (word, pytest.approx(shift, abs=1e-6))
    largest = sorted((shift for _, shift in expected.values()), reverse=True)[:MAX_INFLUENCES]
    assert [influence.shift for influence in found] == pytest.approx(largest, abs=1e-6)


def test_a_word_is_told_with_what_it_added() -> None:
    [found] = explain("so happy")  # v is .3, .4 without "happy" and .2 without "so"
    so, happy = sorted(found, key=lambda influence: influence.start)
    assert (happy.word, happy.start, happy.emotion) == ("happy", 3, JOY)
    assert (happy.shift, happy.share_change) == pytest.approx((0.1, -0.1), abs=1e-6)
    assert (so.shift, so.share_change) == pytest.approx((0.1, 0.1), abs=1e-6)


def test_a_word_that_fills_a_window_alone_takes_it_along() -> None:
    long_word = "-".join(["am"] * WINDOW)
    text = " ".join(["happy"] * WINDOW + [long_word])
    assert [len(window) for window in tokenizer().encode(text, WINDOW).windows] == [WINDOW] * 2
    [found] = explain(text)
    whole = posterior([[2] * WINDOW, [6] * WINDOW])[JOY]
    assert found[0].word == long_word
    assert found[0].share_change == pytest.approx(whole - 0.2, abs=1e-6)


def test_a_word_longer_than_a_window_is_taken_out_of_each_that_holds_it() -> None:
    long_word = "-".join(["am"] * (2 * WINDOW))
    [found] = explain(f"happy {long_word} sad")
    assert {influence.word for influence in found} == {"happy", long_word, "sad"}
    without = posterior([[2], [3]])
    whole = pool_of(f"happy {long_word} sad")
    assert found[0].word == long_word
    assert found[0].shift == pytest.approx(np.abs(whole - without).sum() / 2, abs=1e-6)


@pytest.mark.parametrize("text", ["sad", " sad! ", "sad 😭 42"])
def test_a_text_of_a_single_word_is_not_explained(text: str) -> None:
    assert explain(text) == [[]]


def test_each_text_gets_its_own_words() -> None:
    texts = ("so happy", "sad", "i am so sad " * 30, "am am happy")
    assert explain(*texts) == [explain(text)[0] for text in texts]


def test_words_that_only_hold_a_sentence_together_are_read_but_not_listed() -> None:
    [found] = explain("I am, so happy")
    assert [influence.word for influence in found] == ["happy", "so"]
    # v is 17/40; "happy" (id 2) is taken from all four words, "I am," among them
    assert found[0].share_change == pytest.approx(17 / 40 - 15 / 30, abs=1e-6)


def test_a_text_of_nothing_but_such_words_is_not_explained() -> None:
    assert explain("I am. What?", "I’m it") == [[], []]


@pytest.mark.parametrize(
    "word", ["we", "What?", "(the", "of,", "I'm", "we’re", "She's", '"would', "YOU!!", "it'll"]
)
def test_function_words_are_known_with_their_punctuation(word: str) -> None:
    assert is_function_word(word)


@pytest.mark.parametrize(
    "word",
    [
        "not",
        "never",
        "No,",
        "hardly",
        "can't",
        "don’t",
        "won't",
        "without",
        "nobody",
        "so",
        "very",
        "home",
        "42",
        "😭",
        "...",
    ],
)
def test_negations_and_what_carries_feeling_are_none(word: str) -> None:
    assert not is_function_word(word)
