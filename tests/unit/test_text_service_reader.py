"""From texts to readings: pooled, ranked, and never dependent on the texts beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.affect import EMOTIONS, mood_shares
from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from text_encoders import (
    JOY,
    NEUTRAL,
    SADNESS,
    SIGNATURE,
    SPACES,
    WINDOW,
    WORDS,
    MeanIdEncoder,
    outputs_of,
    tokenizer,
)
from text_service.reader import Reading, TextReader
from text_service.windows import ModelSignature, Outputs, check_outputs


def read(*texts: str) -> Reading:
    reader = TextReader(tokenizer(), MeanIdEncoder())
    return reader.read([reader.tokenize(text) for text in texts], 1.0)


def test_a_short_text_is_its_one_window() -> None:
    reading = read("so sad")
    for name, rows in outputs_of(np.array([0.35])).items():
        np.testing.assert_array_equal(reading.outputs[name], rows)


def test_windows_count_by_their_words_and_by_their_feeling() -> None:
    # Two windows of 16 words each: v is .2 in the first and .6 in the second, and P(neutral) is .6 and .3.
    reading = read("happy " * 16 + "am " * 16)
    expected = (16 * 0.4 * 0.2 + 16 * 0.7 * 0.6) / (16 * 0.4 + 16 * 0.7)
    assert reading.outputs["vad"][0, 0] == pytest.approx(expected, rel=1e-6)
    assert reading.outputs["embedding"][0, 2] == pytest.approx(2 * expected, rel=1e-6)


def test_emotions_and_moods_are_ranked_by_their_scores() -> None:
    reading = read("happy", "so sad")
    assert reading.emotions.labels[:, :3].tolist() == [[NEUTRAL, JOY, SADNESS], [NEUTRAL, JOY, SADNESS]]
    for ranked, scores in (
        (reading.emotions, reading.outputs["emotions"]),
        (reading.moods, mood_shares(reading.outputs["emotions"])),
    ):
        assert (np.diff(ranked.scores, axis=1) <= 0).all()
        np.testing.assert_allclose(ranked.scores.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_array_equal(np.take_along_axis(scores, ranked.labels, axis=1), ranked.scores)


def test_equal_scores_keep_the_order_of_ids() -> None:
    others = [i for i in range(len(EMOTIONS.names)) if i not in (JOY, SADNESS, NEUTRAL)]
    assert read("sad").emotions.labels[0, 3:].tolist() == others


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "other"]), min_size=1, max_size=100), min_size=2, max_size=6)
)
def test_a_text_reads_the_same_in_any_company(texts: list[list[str]]) -> None:
    joined = [" ".join(words) for words in texts]
    together = read(*joined)
    for i, text in enumerate(joined):
        alone = read(text)
        for name, rows in alone.outputs.items():
            np.testing.assert_array_equal(together.outputs[name][i], rows[0])
        np.testing.assert_array_equal(together.emotions.scores[i], alone.emotions.scores[0])
        np.testing.assert_array_equal(together.moods.scores[i], alone.moods.scores[0])


def sound_outputs(count: int = 3) -> Outputs:
    return outputs_of(np.full(count, 0.5))


@pytest.mark.parametrize("name", ["emotions", "vad", "mood", "embedding"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_an_output_that_isnt_finite_is_never_passed_on(name: str, wrong: float) -> None:
    outputs = sound_outputs()
    assert check_outputs(outputs) is outputs
    outputs[name][1, 1] = wrong
    with pytest.raises(ArithmeticError, match=f"window 1 of 3: the model answered {name} "):
        check_outputs(outputs)


@pytest.mark.parametrize(("name", "wrong"), [("vad", -0.01), ("vad", 1.5), ("emotions", -0.01)])
def test_an_output_beyond_its_range_is_never_passed_on(name: str, wrong: float) -> None:
    outputs = sound_outputs()
    outputs[name][2, 0] = wrong
    with pytest.raises(ArithmeticError, match=f"window 2 of 3: the model answered {name} "):
        check_outputs(outputs)


def test_emotions_that_are_no_posterior_are_never_passed_on() -> None:
    outputs = sound_outputs()
    outputs["emotions"][0] /= 2
    with pytest.raises(ArithmeticError, match="window 0 of 3: the model answered emotions "):
        check_outputs(outputs)


def test_what_rounding_leads_beyond_vad_comes_back_into_it() -> None:
    class Rounding(MeanIdEncoder):
        def encode(self, windows: object, timeout_s: float, is_wanted: object) -> Outputs:
            outputs = outputs_of(np.array([0.5]))
            outputs["vad"][0] = [1 + 1e-6, -1e-6, 0.5]
            return check_outputs(outputs)

    reader = TextReader(tokenizer(), Rounding())
    assert reader.read([reader.tokenize("so")], 1.0).outputs["vad"].tolist() == [[1, 0, 0.5]]


def test_a_model_writes_every_emotion_and_every_space_of_its_manifest() -> None:
    SIGNATURE.require(SPACES, "here")
    old = ModelSignature(WINDOW, {"vad": 3})
    with pytest.raises(
        ArtifactError, match=r"^here: needs the outputs emotions \[n, 28\], vad \[n, 3\]; has vad \[n, 3\]$"
    ):
        old.require(SPACES[:1], "here")
    wider = Space(name="mood", dimension=9, metric="squared_l2", lineage="mood-1")
    with pytest.raises(ArtifactError, match=r"mood \[n, 9\].*; has .*mood \[n, 2\]"):
        SIGNATURE.require([wider], "here")


def test_the_most_windows_are_those_of_texts_at_their_limits() -> None:
    assert SIGNATURE.max_windows == 256 * 667
