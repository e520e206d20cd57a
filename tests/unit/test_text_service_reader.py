"""From texts to readings: pooling by hand, ranking, and no text's reading depends on its neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.affect import EMOTIONS
from ambiance.tokenizer import WINDOW
from text_encoders import WORDS, MeanIdEncoder, tokenizer
from text_service.reader import Reading, TextReader, pool
from text_service.windows import check_vad


def read(*texts: str) -> Reading:
    reader = TextReader(tokenizer(), MeanIdEncoder())
    return reader.read([reader.tokenize(text) for text in texts], 1.0)


def test_a_short_text_is_its_one_window() -> None:
    reading = read("so sad")
    np.testing.assert_array_equal(reading.vad, np.array([[0.35, 0.175, 0.07]], np.float32))


def test_windows_count_by_their_words() -> None:
    # 30 times "happy" (id 2) fill a window, 2 times "am" (id 6) stand in the next
    reading = read("happy " * WINDOW + "am am")
    assert reading.vad[0, 0] == pytest.approx((30 * 0.2 + 2 * 0.6) / 32, rel=1e-6)


def test_pooling_keeps_texts_apart() -> None:
    encodings = [tokenizer().encode(text) for text in ("so " * 61, "sad", "am " * 31)]
    assert [len(encoding.windows) for encoding in encodings] == [3, 1, 2]
    vad = np.array([[0.1] * 3, [0.3] * 3, [0.9] * 3, [0.7] * 3, [0.2] * 3, [0.6] * 3], np.float32)
    expected = [(30 * 0.1 + 30 * 0.3 + 0.9) / 61, 0.7, (30 * 0.2 + 0.6) / 31]
    np.testing.assert_allclose(pool(vad, encodings)[:, 0], expected, rtol=1e-6)


def test_emotions_are_ranked_by_their_shares() -> None:
    reading = read("happy", "so sad")
    assert reading.ranking[:, 0].tolist() == EMOTIONS.nearest(reading.vad).tolist()
    assert (np.diff(reading.shares, axis=1) <= 0).all()
    np.testing.assert_allclose(reading.shares.sum(axis=1), 1, rtol=1e-6)
    for shares, ranking, row in zip(
        EMOTIONS.closeness(reading.vad), reading.ranking, reading.shares, strict=True
    ):
        np.testing.assert_array_equal(shares[ranking], row)


def test_equal_shares_keep_the_order_of_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        type(EMOTIONS), "closeness", lambda _, vad: np.full((len(vad), 28), 1 / 28, np.float32)
    )
    assert read("sad").ranking.tolist() == [list(range(28))]


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "other"]), min_size=1, max_size=100), min_size=2, max_size=6)
)
def test_a_text_reads_the_same_in_any_company(texts: list[list[str]]) -> None:
    joined = [" ".join(words) for words in texts]
    together = read(*joined)
    for i, text in enumerate(joined):
        alone = read(text)
        np.testing.assert_array_equal(together.vad[i], alone.vad[0])
        np.testing.assert_array_equal(together.shares[i], alone.shares[0])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.01, 1.5])
def test_an_output_that_is_no_vad_is_never_passed_on(wrong: float) -> None:
    vad = np.full((3, 3), 0.5, np.float32)
    assert check_vad(vad) is vad
    vad[1, 2] = wrong
    with pytest.raises(ArithmeticError, match="window 1 of 3: the model answered"):
        check_vad(vad)
