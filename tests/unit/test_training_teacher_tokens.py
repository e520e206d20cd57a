"""The student's tokenizer and the texts made up in its tokens."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from ambiance.errors import AmbianceError
from ambiance.tokenizer import TextTokenizer
from pretrained import word_piece
from training.data.errors import DataError
from training.teacher.synthesis import LONGEST_QUOTE, LONGEST_TEXT, Synthesizer
from training.teacher.tokens import Tokens, build_tokens

TEXTS = ("Happy days 😂", "[NAME] don’t sing", "unhappy über 99", "so-so < > !")


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return build_tokens(word_piece(), TEXTS)


def pieces(tokens: Tokens, text: str) -> list[str]:
    names = tokens.names()
    return [names[token] for token in tokens.encode([text])[0]]


def test_padding_and_unknown_come_first(tokens: Tokens) -> None:
    assert tokens.names()[:2] == ["[PAD]", "[UNK]"]
    assert pieces(tokens, "字") == ["[UNK]"]
    assert pieces(tokens, " ") == ["[UNK]"]


def test_pieces_that_no_comment_needs_are_gone(tokens: Tokens) -> None:
    names = set(tokens.names())
    assert names.isdisjoint({"<s>", "<pad>", "</s>", "<unk>", "<mask>", "1984", "日"})
    assert {"99", "u", "##ber", "sing", "sang"} <= names  # seen, or ASCII letters


def test_emoji_and_masks_are_tokens_of_their_own(tokens: Tokens) -> None:
    assert pieces(tokens, "happy😂😂[NAME]") == ["happy", "😂", "😂", "[NAME]"]
    assert pieces(tokens, "❤️♥♥") == ["❤", "♥", "♥"]


def test_what_people_type_is_read_in_the_form_that_the_teacher_knows(tokens: Tokens) -> None:
    assert pieces(tokens, "don’t") == pieces(tokens, "don't") == ["don", "'", "t"]
    assert pieces(tokens, "Soooo ｈａｐｐｙ da\u200bys") == ["so", "happy", "days"]
    assert pieces(tokens, "happppy siiiing") == ["happy", "sing"]
    assert pieces(tokens, "happy—days") == ["happy", "-", "days"]
    assert tokens.encode(["<s>"])[0].tolist() == tokens.encode(["< s >"])[0].tolist()  # no special token


def test_the_student_reads_a_text_as_the_teacher_did(tokens: Tokens) -> None:
    reader = TextTokenizer(Tokenizer.from_str(tokens.tokenizer.to_str()))
    for text in (*TEXTS, "soooo happppy", "“sing”", "❤️", "don´t", "!?"):
        assert reader.ids(text) == tokens.encode([text])[0].tolist()


def test_padding_and_the_unknown_are_spelled_as_the_teacher_has_them(tokens: Tokens) -> None:
    source = word_piece()
    assert [source.id_to_token(token) for (token,) in tokens.spellings[:2]] == ["<pad>", "[UNK]"]
    assert [source.id_to_token(token) for token in (tokens.start_id, tokens.end_id)] == ["<s>", "</s>"]


def test_the_teacher_reads_a_token_as_words_that_it_knows(tokens: Tokens) -> None:
    source = word_piece()
    spelled = tokens.spell(tokens.encode(["[NAME] don’t 😂 unhappy"])[0])
    assert [source.id_to_token(int(token)) for token in spelled] == [
        *("<s>", "name", "don", "'", "t", "lol", "un", "##happy", "</s>")
    ]


def test_every_id_has_a_spelling(tokens: Tokens) -> None:
    ids = range(len(tokens.spellings))
    assert [tokens.tokenizer.id_to_token(token) for token in ids] == tokens.names()
    assert all(tokens.spellings)


def test_the_tokenizer_survives_its_file(tokens: Tokens) -> None:
    again = Tokenizer.from_str(tokens.tokenizer.to_str())
    for text in ("Happy days 😂", "[NAME] don't sing", "unhappy 99"):
        assert again.encode(text).ids == tokens.encode([text])[0].tolist()


def test_another_kind_of_tokenizer_is_refused() -> None:
    with pytest.raises(AmbianceError, match="a WordPiece model, got WordLevel"):
        build_tokens(Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")), TEXTS)


COMMENT_COUNT = 60


@pytest.fixture(scope="module")
def comments(tokens: Tokens) -> list[np.ndarray]:
    words = np.array(["happy", "days", "sing", "sang", "unhappy", "[NAME]", "name", "99", "😂", "don’t"])
    random = np.random.default_rng(0)
    return tokens.encode(
        [" ".join(random.choice(words, random.integers(1, 16))) for _ in range(COMMENT_COUNT)]
    )


def make(tokens: Tokens, comments: list[np.ndarray], seed: int, count: int = 400) -> list[list[int]]:
    vectors = np.random.default_rng(0).normal(size=(len(tokens.spellings), 8)).astype(np.float32)
    return [ids.tolist() for ids in Synthesizer(tokens, comments, vectors, seed).make(count)]


def test_the_same_seed_makes_the_same_texts(tokens: Tokens, comments: list[np.ndarray]) -> None:
    made = make(tokens, comments, seed=3)
    assert make(tokens, comments, seed=3) == made
    assert make(tokens, comments, seed=4) != made


def test_made_up_texts_are_new_and_none_is_alike(tokens: Tokens, comments: list[np.ndarray]) -> None:
    made = make(tokens, comments, seed=3)
    assert len(made) == 400
    assert len({tuple(ids) for ids in made}) == 400
    assert {tuple(ids) for ids in made}.isdisjoint(tuple(ids.tolist()) for ids in comments)
    assert max(map(len, made)) <= LONGEST_TEXT


def test_no_comment_is_quoted_at_length(tokens: Tokens, comments: list[np.ndarray]) -> None:
    # A word has at least one token, so words in a row that are too many are so many tokens in a row.
    quotes = {run for ids in comments for run in whole_word_runs(tokens, ids.tolist())}
    assert quotes
    for ids in make(tokens, comments, seed=3):
        assert quotes.isdisjoint(whole_word_runs(tokens, ids))


def whole_word_runs(tokens: Tokens, ids: list[int]) -> set[str]:
    """Every run of one word more than may be quoted, spelled out."""
    names = tokens.names()
    words = " ".join(names[token] for token in ids).replace(" ##", "").split()
    length = LONGEST_QUOTE + 1
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_a_comment_alone_yields_no_splice(tokens: Tokens) -> None:
    with pytest.raises(DataError, match="1 comments: too few"):
        make(tokens, tokens.encode(["happy days"]), seed=0)
