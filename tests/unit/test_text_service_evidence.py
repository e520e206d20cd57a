"""What gives too little to go by and why, and that English is never called another language."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from ambiance.affect import NO_SCENE, SCENES
from ambiance.tokenizer import PAD, UNKNOWN, TextTokenizer
from text_service import language
from text_service.evidence import Evidence, EvidenceJudge, Reason, is_plainly_english
from text_service.language import ENGLISH, LANGUAGES, detect

ENGLISH_WORDS = "i am so happy tired rain the sad and dog you are is home alone"
PIECES = [
    PAD,
    UNKNOWN,
    *ENGLISH_WORDS.split(),
    "😭",
    *"abcdefghijklmnopqrstuvwxyz",
    "un",
    "##happi",
    "##ness",
]


def tokenizer() -> TextTokenizer:
    """Knows a few English words whole, and every other ASCII word letter by letter."""
    pieces = [*PIECES, *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    words = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100))
    words.normalizer, words.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    return TextTokenizer(words)


class Detector:
    """Answers always the same, and remembers what it was asked."""

    def __init__(self, answer: str = ENGLISH, probability: float = 1.0) -> None:
        self.answer, self.probability = answer, probability
        self.asked: list[str] = []

    def __call__(self, text: str) -> tuple[str, float]:
        self.asked.append(text)
        return self.answer, self.probability


def felt(*probabilities: float) -> NDArray[np.float32]:
    """Posteriors over the scenes that leave this much for all that is felt."""
    scenes = np.zeros((len(probabilities), len(SCENES)), np.float32)
    scenes[:, 0] = probabilities
    scenes[:, SCENES.index(NO_SCENE)] = 1 - np.array(probabilities)
    return scenes


def judged(text: str, detector: Detector | None = None, score: float = 0.9, least: float = 0.35) -> Evidence:
    [evidence] = EvidenceJudge(tokenizer(), least, detector or Detector()).judge([text], felt(score))
    return evidence


def test_the_score_is_what_is_left_by_none_of_the_scenes() -> None:
    judge = EvidenceJudge(tokenizer(), 0.35, Detector())
    evidence = judge.judge(["the dog", "i am sad"], felt(0.34, 0.75))
    assert [round(each.score, 6) for each in evidence] == [0.34, 0.75]
    assert [each.reason for each in evidence] == [Reason.NOTHING_FELT, None]


@pytest.mark.parametrize(("score", "reason"), [(0.5, None), (0.499, Reason.NOTHING_FELT)])
def test_a_score_at_the_threshold_is_enough(score: float, reason: Reason | None) -> None:
    assert judged("the dog", score=score, least=0.5).reason is reason


def test_rounding_never_leads_a_score_out_of_its_range() -> None:
    [low, high] = EvidenceJudge(tokenizer(), 0, Detector()).judge(["the dog"] * 2, felt(-1e-5, 1.00001))
    assert (low.score, high.score) == (0, 1)


@pytest.mark.parametrize(
    "text", ["...", "42", "?!", "3.14 — 15", ":-)", "_ _", "…", "1️⃣ 2️⃣", "№ 5"[2:], "\u200b5\u200b"]
)
def test_a_text_without_a_letter_has_no_words(text: str) -> None:
    detector = Detector("de")
    assert judged(text, detector) == Evidence(0.0, Reason.NO_WORDS)
    assert not detector.asked


@pytest.mark.parametrize("text", ["😭", "😭😭 !!", "❤️", "👨‍👩‍👧", "⭐ 5"])
def test_emoji_are_words(text: str) -> None:
    assert judged(text).reason is None


@pytest.mark.parametrize(
    "text", ["you are home", "Alone.", "SO TIRED", "sad 😭 rain", "the qzxv of the day, and you"]
)
def test_english_is_never_asked_for_its_language(text: str) -> None:
    detector = Detector("de")
    assert judged(text, detector) == Evidence(pytest.approx(0.9))
    assert not detector.asked


def test_a_text_in_another_language_names_it() -> None:
    detector = Detector("de", 0.5)
    assert judged("Ich bin traurig", detector) == Evidence(0.0, Reason.OTHER_LANGUAGE, "de")
    assert detector.asked == ["Ich bin traurig"]


def test_the_detector_sees_the_text_as_it_is_read() -> None:
    detector = Detector("de")
    judged("𝗜𝗰𝗵 bin\u200b traurig", detector)
    assert detector.asked == ["Ich bin traurig"]


@pytest.mark.parametrize(("answer", "probability"), [("de", 0.49), (ENGLISH, 1.0)])
def test_a_doubtful_language_is_none(answer: str, probability: float) -> None:
    assert judged("unhappiness unhappiness", Detector(answer, probability)).reason is None


@pytest.mark.parametrize("text", ["qzxv wvut", "sdkjfhsdkjfh", "happy sdkjfhg", "привет", "i am ლმნოპრს"])
def test_words_that_are_read_in_letters_or_not_at_all_are_unknown(text: str) -> None:
    assert judged(text) == Evidence(0.0, Reason.UNKNOWN_WORDS)


@pytest.mark.parametrize("text", ["unhappiness", "omg", "meh lol", "tired and alone sdkj"])
def test_rare_words_and_short_ones_are_no_gibberish(text: str) -> None:
    assert judged(text).reason is None


def test_what_nobody_felt_is_told_of_texts_that_can_be_read_alone() -> None:
    assert judged("qzxv wvut", score=0.1).reason is Reason.UNKNOWN_WORDS
    assert judged("dog home", score=0.1).reason is Reason.NOTHING_FELT


def test_a_long_text_is_looked_at_from_its_start() -> None:
    detector = Detector("de")
    judged("traurig " * 2_500, detector)
    assert [len(text) for text in detector.asked] == [2_000]


def test_words_far_behind_punctuation_are_found() -> None:
    assert judged("." * 5_000 + " happy").reason is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("you", True),
        ("what THE dog", True),
        ("x " * 7 + "you", True),
        ("x " * 8 + "you", False),
        ("", False),
        ("die in was to", False),
    ],
)
def test_one_common_word_in_eight_is_plainly_english(text: str, expected: bool) -> None:
    assert is_plainly_english(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ich vermisse meine Mutter so sehr.", "de"),
        ("Je suis tellement fatigué ce soir.", "fr"),
        ("Qué bonito es verte sonreír.", "es"),
        ("Bana yalan söyledin.", "tr"),
        ("Minulla on niin ikävä sinua.", "fi"),
        ("Kereta berangkat jam sembilan pagi.", "id"),
        ("Я очень скучаю по тебе.", "ru"),
        ("とても寂しいです。", "ja"),
        ("أشتاق إليك كثيرا", "ar"),
    ],
)
def test_languages_are_detected(text: str, expected: str) -> None:
    found, probability = detect(text)
    assert found == expected
    assert 0.5 <= probability <= 1


def test_every_language_has_a_code_of_two_letters() -> None:
    assert len(set(LANGUAGES)) == len(LANGUAGES)
    assert all(len(code) == 2 and code.islower() for code in LANGUAGES)


@pytest.mark.parametrize("text", ["", "42", "\ud7ff" * 3, "é" * 20_000])
def test_any_text_can_be_asked(text: str) -> None:
    found, probability = detect(text)
    assert found in LANGUAGES
    assert 0 <= probability <= 1


def test_without_room_to_unpack_every_text_is_taken_for_english(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from py3langid.langid import LanguageIdentifier

    def fail(*_: object, **__: object) -> None:
        raise OSError("No usable temporary directory found")

    monkeypatch.setattr(LanguageIdentifier, "from_model_file", fail)
    language._load.cache_clear()
    try:
        assert [detect("Ich bin traurig") for _ in range(3)] == [(ENGLISH, 0.0)] * 3
        assert caplog.messages == ["no language can be detected"]
    finally:
        language._load.cache_clear()
