"""The two tables of moods that are right for an emotion."""

import numpy as np

from ambiance.affect import EMOTIONS, MOODS
from training.evaluate.acceptable import LISTENER, LISTENER_MOODS, PROTOCOL, acceptable_moods


def moods_of(table: np.ndarray, emotion: str) -> set[str]:
    return {
        mood for mood, right in zip(MOODS.names, table[EMOTIONS.names.index(emotion)], strict=True) if right
    }


def test_the_protocol_lumps_moods_as_published() -> None:
    assert moods_of(PROTOCOL, "joy") == {"happy", "exciting"}
    assert moods_of(PROTOCOL, "fear") == {"angry", "scary"}
    assert moods_of(PROTOCOL, "gratitude") == {"funny"}
    assert moods_of(PROTOCOL, "neutral") == {"sad"}


def test_the_listeners_table_knows_every_emotion_and_only_moods() -> None:
    assert set(LISTENER_MOODS) == set(EMOTIONS.names)
    assert all(moods_of(LISTENER, emotion) == set(moods) for emotion, moods in LISTENER_MOODS.items())


def test_a_mood_is_right_if_it_is_for_one_of_the_texts_emotions() -> None:
    joy, anger = EMOTIONS.names.index("joy"), EMOTIONS.names.index("anger")
    both = acceptable_moods([(joy,), (joy, anger)], PROTOCOL)
    happy, angry, sad = (MOODS.names.index(name) for name in ("happy", "angry", "sad"))
    assert both[:, [happy, angry, sad]].tolist() == [[True, False, False], [True, True, False]]
