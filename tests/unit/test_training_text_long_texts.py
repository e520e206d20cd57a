"""The experiment with long texts, on a reader whose answers can be worked out."""

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS
from training.data.goemotions import Comments
from training.text.encode import TextReadings
from training.text.long_texts import long_text_figures

pytestmark = pytest.mark.tensorflow

JOY, NEUTRAL = EMOTIONS.names.index("joy"), EMOTIONS.names.index("neutral")
COMMENTS = Comments(
    ("joy",) * 20 + ("quiet",) * 20 + ("joy quiet",),
    ((JOY,),) * 20 + ((NEUTRAL,),) * 20 + ((JOY, NEUTRAL),),
    tuple(str(i) for i in range(41)),
)


def read(texts: Sequence[str]) -> TextReadings:
    """The share of its words that are "joy" is the probability of joy, and the valence."""
    joy = np.array([text.split().count("joy") / len(text.split()) for text in texts], np.float32)
    emotions = np.zeros((len(texts), 28), np.float32)
    emotions[:, JOY], emotions[:, NEUTRAL] = joy, 1 - joy
    vad = np.stack([joy, np.zeros_like(joy), np.zeros_like(joy)], axis=1)
    nothing = np.zeros((len(texts), 1), np.float32)
    return TextReadings(emotions, scenes=nothing, distress=nothing, vad=vad, mood=nothing, embedding=nothing)


def test_figures_compare_a_comment_among_others_with_it_alone() -> None:
    figures = long_text_figures(read, COMMENTS, np.random.default_rng(0))
    for fillers, found in figures.items():
        assert found["texts"] == 20
        assert (found["emotion_kept"], found["stays_neutral"]) == (1, 1)
        assert found["vad_moved"] == pytest.approx(1 - 1 / (int(fillers) + 1))
    assert set(figures) == {"4", "16"}


def test_a_reader_that_finds_no_emotion_has_no_figures() -> None:
    quiet = Comments(("quiet",) * 2, ((JOY,), (NEUTRAL,)), ("a", "b"))
    assert long_text_figures(read, quiet, np.random.default_rng(0)) == {}
