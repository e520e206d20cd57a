"""From texts to readings: pooled, ranked, and never dependent on the texts beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.affect import EMOTIONS, FACETS, SCENES
from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from text_encoders import (
    FALLBACK,
    GENTLE,
    GRIEF_SCENE,
    JOY,
    JOY_SCENE,
    NEUTRAL,
    NO_SCENE,
    SADNESS,
    SIGNATURE,
    SPACES,
    WINDOW,
    WORDS,
    MeanIdEncoder,
    outputs_of,
    text_reader,
)
from text_service.evidence import Reason
from text_service.reader import Reading, TextReader
from text_service.windows import ModelSignature, Outputs, WindowEncoder, check_outputs


def read(*texts: str, reader: TextReader | None = None) -> Reading:
    reader = reader or text_reader()
    return reader.read(texts, [reader.tokenize(text) for text in texts], 1.0)


def test_a_short_text_is_its_one_window() -> None:
    reading = read("so sad")
    for name, rows in outputs_of(np.array([0.35])).items():
        np.testing.assert_array_equal(reading.outputs[name], rows)


def test_windows_count_by_their_words_and_by_their_feeling() -> None:
    # Two windows of 16 words each: v is .2 in the first and .6 in the second, and P(none) is .6 and .3.
    reading = read("happy " * 16 + "am " * 16)
    expected = (16 * 0.4 * 0.2 + 16 * 0.7 * 0.6) / (16 * 0.4 + 16 * 0.7)
    assert reading.outputs["vad"][0, 0] == pytest.approx(expected, rel=1e-6)
    assert reading.outputs["embedding"][0, 2] == pytest.approx(2 * expected, rel=1e-6)


def test_emotions_scenes_and_facets_are_ranked_by_their_scores() -> None:
    reading = read("happy", "so sad")
    assert reading.emotions.labels[:, :3].tolist() == [[NEUTRAL, JOY, SADNESS]] * 2
    assert reading.scenes.labels[:, :3].tolist() == [[NO_SCENE, JOY_SCENE, GRIEF_SCENE]] * 2
    assert reading.facets.labels.tolist() == [list(range(len(FACETS)))] * 2
    for ranked, scores in (
        (reading.emotions, reading.outputs["emotions"]),
        (reading.scenes, reading.outputs["scenes"]),
        (reading.facets, reading.outputs["mood"][:, : len(FACETS)]),
    ):
        assert (np.diff(ranked.scores, axis=1) <= 0).all()
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
        np.testing.assert_array_equal(together.scenes.scores[i], alone.scenes.scores[0])
        np.testing.assert_array_equal(together.facets.scores[i], alone.facets.scores[0])
        assert together.evidence[i] == alone.evidence[0]


def sound_outputs(count: int = 3) -> Outputs:
    return outputs_of(np.full(count, 0.5))


@pytest.mark.parametrize("name", ["emotions", "scenes", "vad", "mood", "embedding"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_an_output_that_isnt_finite_is_never_passed_on(name: str, wrong: float) -> None:
    outputs = sound_outputs()
    assert check_outputs(outputs) is outputs
    outputs[name][1, 1] = wrong
    with pytest.raises(ArithmeticError, match=f"window 1 of 3: the model answered {name} "):
        check_outputs(outputs)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("vad", -0.01),
        ("vad", 1.5),
        ("emotions", -0.01),
        ("scenes", -0.01),
        ("distress", 1.1),
        ("distress", -0.1),
        ("distress", np.nan),
    ],
)
def test_an_output_beyond_its_range_is_never_passed_on(name: str, wrong: float) -> None:
    outputs = sound_outputs()
    outputs[name][2, 0] = wrong
    with pytest.raises(ArithmeticError, match=f"window 2 of 3: the model answered {name} "):
        check_outputs(outputs)


@pytest.mark.parametrize("name", ["emotions", "scenes"])
def test_scores_that_are_no_posterior_are_never_passed_on(name: str) -> None:
    outputs = sound_outputs()
    outputs[name][0] /= 2
    with pytest.raises(ArithmeticError, match=f"window 0 of 3: the model answered {name} "):
        check_outputs(outputs)


def test_what_rounding_leads_beyond_vad_comes_back_into_it() -> None:
    class Rounding(MeanIdEncoder):
        def encode(self, windows: object, timeout_s: float, is_wanted: object) -> Outputs:
            outputs = outputs_of(np.array([0.5]))
            outputs["vad"][0] = [1 + 1e-6, -1e-6, 0.5]
            return check_outputs(outputs)

    assert read("so", reader=text_reader(Rounding())).outputs["vad"].tolist() == [[1, 0, 0.5]]


def with_outputs(**replaced: list[float]) -> WindowEncoder:
    """Answers one window by v = .5, with rows of its outputs replaced, in memory that can't be written to."""

    class Replacing(MeanIdEncoder):
        def encode(self, windows: object, timeout_s: float, is_wanted: object) -> Outputs:
            outputs = dict(outputs_of(np.array([0.5])))
            outputs |= {name: np.array([row], np.float32) for name, row in replaced.items()}
            outputs["mood"].setflags(write=False)
            return check_outputs(outputs)

    return Replacing()


def flat() -> list[float]:
    """A posterior over the scenes that leaves .3 for all that is felt."""
    row = [0.0] * len(SCENES)
    row[NO_SCENE], row[JOY_SCENE] = 0.7, 0.3
    return row


def test_a_text_of_too_little_evidence_gets_the_fallback_in_mood_alone() -> None:
    reading = read("so", reader=text_reader(with_outputs(scenes=flat())))
    assert reading.evidence[0].reason is Reason.NOTHING_FELT
    assert reading.evidence[0].score == pytest.approx(0.3)
    assert reading.is_fallback(0)
    np.testing.assert_array_equal(reading.outputs["mood"], [FALLBACK])
    np.testing.assert_array_equal(reading.facets.scores[0], FALLBACK[: len(FACETS)])
    np.testing.assert_array_equal(reading.outputs["vad"], outputs_of(np.array([0.5]))["vad"])


def test_a_text_of_enough_evidence_keeps_its_own() -> None:
    reading = read("so", reader=text_reader(with_outputs(scenes=flat()), min_evidence=0.29))
    assert reading.evidence[0].reason is None
    assert not reading.is_fallback(0)
    np.testing.assert_array_equal(reading.outputs["mood"], outputs_of(np.array([0.5]))["mood"])


@pytest.mark.parametrize("text", ["so", "so 😭 ,", "zzz qqq"])
@pytest.mark.parametrize("distress", [0.5, 1.0])
def test_a_text_of_distress_gets_the_gentle_vector_whatever_else_it_is(text: str, distress: float) -> None:
    encoder = with_outputs(scenes=flat(), distress=[distress])
    reading, other = (read(text, reader=text_reader(encoder, distress_threshold=t)) for t in (0.5, 1.01))
    np.testing.assert_array_equal(reading.outputs["mood"], [GENTLE])
    assert sorted(reading.facets.scores[0]) == sorted(GENTLE[: len(FACETS)])
    assert reading.distressed == [True]
    assert not reading.is_fallback(0)
    assert reading.evidence == other.evidence
    assert (other.distressed, other.is_fallback(0)) == ([False], True)


def test_fixed_vectors_reach_their_own_texts_alone() -> None:
    texts = ("happy", "zzz", "am am am", "zzz qqq")  # unknown words alone: v is .1, P(none) .675
    reading = read(*texts)
    assert [evidence.reason for evidence in reading.evidence] == [None, Reason.UNKNOWN_WORDS] * 2
    for row in (1, 3):
        np.testing.assert_array_equal(reading.outputs["mood"][row], FALLBACK)
    for row in (0, 2):
        np.testing.assert_array_equal(reading.outputs["mood"][row], read(texts[row]).outputs["mood"][0])


def test_a_model_writes_every_emotion_and_every_space_of_its_manifest() -> None:
    SIGNATURE.require(SPACES, "here")
    needed = r"distress \[n, 1\], emotions \[n, 28\], mood \[n, 14\], scenes \[n, 21\], vad \[n, 3\]"
    with pytest.raises(ArtifactError, match=rf"^here: needs the outputs {needed}; has vad \[n, 3\]$"):
        ModelSignature(WINDOW, {"vad": 3}).require(SPACES, "here")
    for missing in ("emotions", "scenes", "vad", "distress", "mood"):
        fewer = {name: width for name, width in SIGNATURE.widths.items() if name != missing}
        with pytest.raises(ArtifactError, match=r"^here: needs the outputs"):
            ModelSignature(WINDOW, fewer).require(SPACES, "here")
    wider = SPACES[1].model_copy(update={"dimension": 19})
    with pytest.raises(ArtifactError, match=r"mood \[n, 19\].*; has .*mood \[n, 14\]"):
        SIGNATURE.require([SPACES[0], wider], "here")


def test_an_embedding_may_be_lacking() -> None:
    bare = {name: width for name, width in SIGNATURE.widths.items() if name != "embedding"}
    ModelSignature(WINDOW, bare).require(SPACES, "here")


@pytest.mark.parametrize(
    ("spaces", "held"),
    [([], "none"), (SPACES[:1], "vad of 3"), ([SPACES[1].model_copy(update={"dimension": 7})], "mood of 7")],
)
def test_a_mood_that_cannot_begin_with_the_facets_is_refused(spaces: list[Space], held: str) -> None:
    with pytest.raises(ArtifactError, match=rf"^here: needs a space mood of at least 12 .*; has {held}$"):
        SIGNATURE.require(spaces, "here")


def test_the_most_windows_are_those_of_texts_at_their_limits() -> None:
    assert SIGNATURE.max_windows == 256 * 667
