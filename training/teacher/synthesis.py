"""Makes texts up from the train comments and from templates, for the teacher to label.

A student that sees more text learns more of what its teacher knows. None of these texts is a comment or
holds more than `LONGEST_QUOTE` words in a row of one, so no comment can be read back from them. A token is an
id of the student's (`tokens.py`), a word is the tuple of its pieces.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.data.errors import DataError
from training.teacher.templates import FIRST_NAMES, statement
from training.teacher.tokens import CONTINUING, Tokens
from training.teacher.vectors import most_alike

Word = tuple[int, ...]
Text = list[Word]

LONGEST_QUOTE = 7  # words in a row that a made-up text may share with a comment
LONGEST_TEXT = 48  # tokens
STRIDE = (3, LONGEST_QUOTE)  # words taken from a comment before a splice goes on to the next
SPLICED = (4, 24)  # words of a splice that finds no end before
CHAINED = (6, 36)  # words of a chain that finds none
FEWEST_FOLLOWERS = 3  # of two words, from which a chain picks
NAMED_SHARE = 0.6  # of the texts with [NAME] get a first name instead
SWAP_RATES = (0.15, 0.4)  # share of words that are exchanged or dropped
NEIGHBOURS = 8  # words that a word may be exchanged for

# Share of each way of making a text up.
SHARES = {"splice": 0.35, "chain": 0.2, "swap": 0.3, "template": 0.15}

_MISSES = 1000  # texts in a row that came to nothing: these comments yield no more

T = TypeVar("T")


class Synthesizer:
    """Makes texts up, the same ones from the same comments, token vectors and seed."""

    def __init__(
        self,
        tokens: Tokens,
        comments: Sequence[NDArray[np.int32]],
        token_vectors: NDArray[np.float32],
        seed: int,
    ) -> None:
        """`comments` as `tokens` encodes them; `token_vectors` <float32>[tokens, width] say what is alike."""
        self._tokens = tokens
        self._names = tokens.names()
        self._random = np.random.default_rng(seed)
        self._comments = [self._words(ids) for ids in comments]
        self._quotes = {quote for words in self._comments for quote in _runs(words)}
        self._neighbours = self._nearest(token_vectors, tokens.count(comments))
        self._first_names = [
            i for name in FIRST_NAMES if (i := tokens.tokenizer.token_to_id(name)) is not None
        ]
        self._places: dict[Word, list[tuple[int, int]]] = defaultdict(list)
        self._after: dict[tuple[Word | None, Word], list[Word | None]] = defaultdict(list)
        self._index()

    def make(self, count: int) -> list[NDArray[np.int32]]:
        """Token ids of `count` texts, no two alike.

        Raises:
            DataError: if the comments don't yield as many.
        """
        made: dict[bytes, NDArray[np.int32]] = {}
        for name, share in SHARES.items():
            source = self._sources()[name]
            wanted = count if name == list(SHARES)[-1] else len(made) + round(share * count)
            while len(made) < wanted:
                ids = self._new(source, made)
                made[ids.tobytes()] = ids
        return list(made.values())

    def _new(self, source: Callable[[], Text], made: Container[bytes]) -> NDArray[np.int32]:
        for _ in range(_MISSES):
            ids = self._finish(source())
            if ids is not None and ids.tobytes() not in made:
                return ids
        raise DataError(f"{len(self._comments)} comments: too few to make so many texts up from them")

    def _sources(self) -> dict[str, Callable[[], Text]]:
        return {
            "splice": self._splice,
            "chain": self._chain,
            "swap": self._swap,
            "template": self._template,
        }

    def _splice(self) -> Text:
        """A walk through several comments, a few words in each; it changes where two share a word."""
        text: Text = []
        number, place = int(self._random.integers(len(self._comments))), 0
        length = int(self._random.integers(*SPLICED))
        while len(text) < length:
            end = place + int(self._random.integers(*STRIDE))
            text += self._comments[number][place:end]
            if end >= len(self._comments[number]):
                break
            number, place = self._pick(self._places[text[-1]])
            place += 1
        return text

    def _chain(self) -> Text:
        """A Markov chain of second order, of first order where two words are seldom seen together."""
        text = list(self._pick(self._comments)[:2])
        length = int(self._random.integers(*CHAINED))
        while len(text) < length:
            followers = self._after.get((text[-2] if len(text) > 1 else None, text[-1]), [])
            if len(followers) < FEWEST_FOLLOWERS:
                followers = [self._follower(*self._pick(self._places[text[-1]]))]
            word = self._pick(followers)
            if word is None:
                break
            text.append(word)
        return text

    def _swap(self) -> Text:
        """A comment with some words dropped and more of them exchanged for words that are alike."""
        rate = self._random.uniform(*SWAP_RATES)
        text = []
        for word in self._pick(self._comments):
            draw = self._random.random()
            if draw < rate / 4:
                continue
            neighbours = self._neighbours.get(word[0]) if len(word) == 1 and draw < rate else None
            text.append(word if neighbours is None else (self._pick(neighbours),))
        return text

    def _template(self) -> Text:
        return self._words(self._tokens.encode([statement(self._random)])[0])

    def _finish(self, text: Text) -> NDArray[np.int32] | None:
        """The text's tokens, or None if it is empty, too long, or quotes a comment at length."""
        ids = [token for word in text for token in word]
        if not ids or len(ids) > LONGEST_TEXT or not self._quotes.isdisjoint(_runs(text)):
            return None
        masked = self._tokens.tokenizer.token_to_id("[NAME]")
        if masked in ids and self._first_names and self._random.random() < NAMED_SHARE:
            ids = [self._pick(self._first_names) if token == masked else token for token in ids]
        return np.array(ids, np.int32)

    def _index(self) -> None:
        for number, words in enumerate(self._comments):
            for place, word in enumerate(words):
                self._places[word].append((number, place))
                before = words[place - 1] if place else None
                self._after[before, word].append(self._follower(number, place))

    def _follower(self, comment: int, place: int) -> Word | None:
        rest = self._comments[comment][place + 1 :]
        return rest[0] if rest else None

    def _words(self, ids: NDArray[np.int32]) -> Text:
        words: Text = []
        for token in map(int, ids):
            if words and self._names[token].startswith(CONTINUING):
                words[-1] += (token,)
            else:
                words.append((token,))
        return words

    def _nearest(self, vectors: NDArray[np.float32], counts: NDArray[np.int64]) -> dict[int, list[int]]:
        """For each whole word that occurs, the words most like it."""
        whole = [len(name) > 1 and name.isascii() and name.isalpha() for name in self._names]
        able = np.flatnonzero(whole)
        used = able[counts[able] > 0]
        alike = able[most_alike(vectors[used], vectors[able], NEIGHBOURS + 1)]
        return {int(word): row[row != word].tolist() for word, row in zip(used, alike, strict=True)}

    def _pick(self, options: Sequence[T]) -> T:
        return options[int(self._random.integers(len(options)))]


def _runs(words: Text) -> Iterator[tuple[Word, ...]]:
    """Every run of words that is one too long to quote; a text that is shorter is one run."""
    for start in range(max(1, len(words) - LONGEST_QUOTE)):
        yield tuple(words[start : start + LONGEST_QUOTE + 1])
