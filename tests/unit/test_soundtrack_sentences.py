"""Sentences of a text: they cover it exactly, whatever it holds."""

import pytest
import sentencex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.soundtrack.sentences import LONGEST_CHARACTERS, PARAGRAPH_CHARACTERS, Break, sentences
from gateway.soundtrack.words import count_words

# What segmenters stumble over: stops, quotes, line ends, odd white space, scripts, marks, pictures.
PARTS = st.sampled_from(
    [
        *(
            "a",
            "He ran",
            "Mr. ",
            "U.S. ",
            "3.50",
            ".",
            "!",
            "?",
            "…",
            '"',
            "“",
            "”",
            "'",
            "(",
            ")",
            " ",
            "\n",
        ),
        *("\n\n", "\r\n", "\t", "\x0b", "\x0c", "\x85", "\xa0", "\u2028", "\u2029", "\u3000", "\u200b"),
        *("\ufeff", "\u0301", "我爱你", "。", "？", "かな", "ไทย", "אהבה", "؟", "\u200f", "😀", "👩\u200d🚀"),
        *("<p>", "Chapter 2", "* * *", "IV"),
    ]
)
TEXTS = st.lists(PARTS, min_size=1, max_size=60).map("".join)


def split(text: str, start: int = 0, end: int | None = None) -> list[str]:
    """Texts of the sentences, having checked that these cover the text without a gap."""
    end = len(text) if end is None else end
    found = list(sentences(text, start, end, len(text[:start].encode())))
    at = start
    for sentence in found:
        assert sentence.start == at < sentence.end
        assert sentence.text == text[at : sentence.end]
        assert sentence.start_byte == len(text[:at].encode())
        assert sentence.end_byte == len(text[: sentence.end].encode())
        assert sentence.character_count <= 2 * LONGEST_CHARACTERS
        assert sentence.word_count == count_words(text, at, sentence.end)
        at = sentence.end
    assert at == end
    assert sum(sentence.word_count for sentence in found) == count_words(text, start, end)
    return [sentence.text for sentence in found]


@settings(max_examples=300)
@given(TEXTS)
@example("\n")
@example("\x85!\xa0\u3000.B\u2028Mr. ")  # of which sentencex panics by itself
def test_sentences_cover_any_text(text: str) -> None:
    split(text)


@settings(max_examples=100)
@given(TEXTS, st.data())
def test_they_cover_any_part_of_a_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    split(text, start, data.draw(st.integers(start + 1, len(text))))


def test_a_paragraph_that_the_segmenter_fails_on_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})

    def fail(_language: str, _text: str) -> list[str]:
        raise panic

    monkeypatch.setattr(sentencex, "segment", fail)
    assert split("It rained. It snowed.\n\nIt hailed.") == ["It rained. It snowed.\n\n", "It hailed."]


@pytest.mark.parametrize("part", ["a", "我", " ", "\n", ". ", "and then we went ", '"', "\u0301", "<b>"])
def test_endless_texts_are_split(part: str) -> None:
    text = part * (4 * PARAGRAPH_CHARACTERS // len(part))
    assert len(split(text)) >= len(text) / (2 * LONGEST_CHARACTERS)


def test_a_sentence_without_an_end_is_split_where_it_pauses() -> None:
    clause = "the rain came down upon the roofs of the town and nobody slept"
    first, *_ = split(f"{clause}, " * 40)
    assert first.endswith("slept, ")


def test_sentences_are_those_of_the_segmenter() -> None:
    first = "Dr. Smith paid $3.50 for his ticket to Washington. "
    second = '"Are you quite mad, to come here in winter?" he said to the guard. '
    third = "我们在公园里走了很久，一句话也没有说。"
    assert split(first + second + third) == [first, second, third]


def test_a_few_words_are_read_with_what_follows_in_their_paragraph() -> None:
    text = "He ran. He fell. He got up again and ran on.\n\nShe laughed.\n\nNobody else in the street saw it."
    assert split(text) == [
        "He ran. He fell. He got up again and ran on.\n\n",
        "She laughed.\n\n",
        "Nobody else in the street saw it.",
    ]


@pytest.mark.parametrize("heading", ["Chapter 2", "CHAPTER THE SECOND", "* * *", "IV.", "THE STORM", "17"])
def test_a_heading_belongs_to_what_it_heads(heading: str) -> None:
    before, after = (
        "They went to bed and slept until the morning came.\n\n",
        "It rained all day and all night.",
    )
    text = f"{before}{heading}\n\n{after}"
    found = list(sentences(text, 0, len(text), 0))
    assert [sentence.text for sentence in found] == [before, f"{heading}\n\n{after}"]
    assert [sentence.before for sentence in found] == [Break.NONE, Break.CHAPTER]


def test_it_is_told_what_stands_before_a_sentence() -> None:
    sentence = "It rained all day and all night in the town."
    gaps = {
        " ": Break.NONE,
        "\n": Break.LINE,
        "\n\n": Break.PARAGRAPH,
        "\r\n\r\n": Break.PARAGRAPH,
        "\n\n\n\n": Break.CHAPTER,
    }
    text = sentence + "".join(gap + sentence for gap in gaps)
    assert [each.before for each in sentences(text, 0, len(text), 0)] == [Break.NONE, *gaps.values()]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n", 0),
        ("one", 1),
        ("It's one-way, isn't it?", 4),
        ("我爱你。", 3),
        ("abc我d ไทย", 6),
        ("מה שלומך", 2),
    ],
)
def test_words_are_counted(text: str, count: int) -> None:
    assert count_words(text) == count


@given(TEXTS, st.data())
def test_words_of_parts_add_up(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    assert count_words(text, 0, at) + count_words(text, at) == count_words(text)
