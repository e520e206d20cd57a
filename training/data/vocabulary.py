"""The seed's vocabulary: which words a text model knows, and how much of a corpus it doesn't."""

from collections import Counter
from collections.abc import Iterable

from ambiance.tokenizer import PAD, UNKNOWN, UNKNOWN_ID, WINDOW, WordTokenizer, words


def build_vocabulary(texts: Iterable[str], min_count: int = 15) -> list[str]:
    """List PAD, UNKNOWN, then every word seen `min_count` times or more, commonest first, ties alphabetical.

    GoEmotions' train split has 25,638 distinct words, of which 2,678 are seen at least 15 times.
    """
    counts = Counter(word for text in texts for word in words(text))
    kept = [word for word, count in counts.items() if count >= min_count]
    return [PAD, UNKNOWN, *sorted(kept, key=lambda word: (-counts[word], word))]


def unknown_share(tokenizer: WordTokenizer, texts: Iterable[str]) -> float:
    """Share of unknown tokens among all slots, padding included, of every text's first window.

    The seed reads 30 tokens of a text and no more; GoEmotions gives 4.578 % in train, 4.688 % in test.
    """
    unknown, texts_seen = 0, 0
    for text in texts:
        texts_seen += 1
        first_window = tokenizer.encode(text).windows[:1]
        unknown += int((first_window == UNKNOWN_ID).sum())
    return unknown / (texts_seen * WINDOW) if texts_seen else 0.0
