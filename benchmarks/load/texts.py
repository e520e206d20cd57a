"""What is matched under load: real comments where the data set is at hand, else sentences made up here."""

import random
import statistics
from dataclasses import dataclass

from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.sources import data_dir

MAX_TEXTS = 2_000  # distinct texts; more would say nothing new

_SHORT = ("ok", "Wow!", "I miss him", "so tired of this", "Thanks a lot :)", "What a day", "No. Just no.")
_MIDDLE = (
    "We finally got the keys to our first flat and I can't stop smiling",
    "The dog waited by the door for three days, and nobody came",
    "Who told them they could talk to my sister like that?",
    "I honestly thought the second half was better than the first",
    "There was a noise downstairs again last night, and I live alone",
)
_LONG = (
    "When the choir began I was still cross about the parking, the rain and the price of the tickets,",
    "but by the second verse my grandmother had taken my hand, and all of that was gone.",
    "We walked home the long way, past the harbour, and she told me about the winter they met.",
)


@dataclass(frozen=True)
class Texts:
    """Texts of mixed length, in the order they are sent, and where they are from."""

    texts: tuple[str, ...]
    source: str

    def describe(self) -> str:
        """A sentence for the report."""
        lengths = [len(text) for text in self.texts]
        span = f"{min(lengths)} to {max(lengths)} characters, median {statistics.median(lengths):.0f}"
        return f"{len(self.texts):,} {self.source} ({span})"


def mixed_texts(seed: int) -> Texts:
    """Comments of GoEmotions' development split, drawn by the seed, or made-up ones if it isn't here."""
    rng = random.Random(seed)
    try:
        comments = list(load_comments(data_dir(), "dev").texts)
    except DataError:
        return Texts(tuple(_made_up(rng)), "made-up sentences, as GoEmotions isn't here")
    rng.shuffle(comments)
    return Texts(tuple(comments[:MAX_TEXTS]), "GoEmotions dev comments")


def _made_up(rng: random.Random) -> list[str]:
    """Sentences, alone and joined, so that lengths spread from a word to a paragraph."""
    sentences = (*_SHORT, *_MIDDLE)
    joined = [" ".join(rng.sample(sentences, rng.randint(2, 4))) for _ in range(12)]
    return [*sentences, *joined, *_LONG, " ".join(_LONG)]
