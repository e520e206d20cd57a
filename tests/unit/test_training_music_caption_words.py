"""What captions say of their clips: words, phrases, denials and voices."""

import numpy as np
import pytest

from ambiance.affect import FACETS, TRAITS
from training.data.musiccaps import Captions
from training.music.caption_words import read_captions


def said(caption: str, *aspects: str) -> set[str]:
    """Names of the facets and traits that a caption is taken to say."""
    read = read_captions(Captions((("id", 0),), (aspects,), (caption,)))
    told = np.concatenate([read.facets[0], read.traits[0]])
    return {name for name, true in zip((*FACETS, *TRAITS), told, strict=True) if true}


@pytest.mark.parametrize(
    ("caption", "names"),
    [
        ("A Soothing harp.", {"calm"}),
        ("The song is laid back.", {"calm"}),
        ("A laid-back groove.", {"calm"}),
        ("Sentimental strings.", {"tender", "nostalgic"}),
        ("Upbeat, fast-paced party music.", {"happy", "energetic"}),
        ("A male singer sings over hard rock.", {"vocal", "aggressive"}),
        ("A man is speaking; the recording is noisy.", {"speech", "low_quality"}),
        ("A low quality recording of drums.", {"low_quality"}),
        ("Sadly happened chillingly.", set()),  # other words that hold one of ours
        ("Drums and a bass guitar.", set()),
    ],
)
def test_words_and_phrases_say_facets_and_traits(caption: str, names: set[str]) -> None:
    assert said(caption) == names


@pytest.mark.parametrize("name", [*FACETS, *TRAITS])
def test_every_facet_and_trait_has_a_word_of_its_own_name_or_sense(name: str) -> None:
    words = {"vocal": "vocals", "low_quality": "noisy"}
    assert name in said(f"It is {words.get(name, name)}.")


def test_aspects_count_as_the_caption_does() -> None:
    assert said("Drums.", "eerie", "male singer") == {"eerie", "vocal"}


@pytest.mark.parametrize(
    "caption",
    [
        "It is not sad.",
        "There is no sad melody in it.",
        "A tune without any sadness.",
        "The piece isn't gloomy at all.",
        "It lacks sadness.",
        "An absence of grief.",
        "It is neither sad nor lonely.",
    ],
)
def test_what_is_denied_is_not_said(caption: str) -> None:
    assert said(caption) == set()


def test_a_denial_ends_with_its_phrase() -> None:
    assert said("There is no percussion, just a sad melody.") == {"sad"}
    assert said("A happy tune", "no drums") == {"happy"}  # aspects are phrases of their own


@pytest.mark.parametrize(
    "caption",
    [
        "A piano. There are no vocals, only strings and male voices far away.",
        "There is no singer; the vocal line is played by a flute.",
        "There aren't any other voices, vocal or not.",
        "An instrumental with vocal-like synths and vocals.",
    ],
)
def test_what_is_not_sung_is_not_vocal(caption: str) -> None:
    assert "vocal" not in said(caption)


def test_an_instrumental_that_somebody_sings_over_is_vocal() -> None:
    assert "vocal" in said("A female singer sings over an instrumental.")


def test_every_caption_has_a_row() -> None:
    captions = Captions((("a", 0), ("b", 10)), ((), ("sad",)), ("Happy vocals.", "A guitar."))
    read = read_captions(captions)
    assert (read.facets.shape, read.traits.shape) == ((2, 12), (2, 3))
    assert read.facets[:, FACETS.index("happy")].tolist() == [True, False]
    assert read.facets[:, FACETS.index("sad")].tolist() == [False, True]
    assert read.traits[:, TRAITS.index("vocal")].tolist() == [True, False]
