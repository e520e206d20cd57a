"""Counts the words of a text: what stands between white space, and each character of a script without it."""

import re

# Thai, Lao, Myanmar and Khmer; kana, bopomofo and Han with its extensions.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
# Punctuation of those scripts, which is no word and joins none.
_STOPS = "\u3000-\u3003\u3008-\u3020\u30fb\uff01\uff0c\uff0e\uff1a\uff1b\uff1f"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}{_STOPS}]+")
_SPACED = re.compile(f"[^\\s{_UNSPACED}{_STOPS}]")

_SLICE = 65_536  # characters counted at a time, so that the words of a long text are never all in memory


def count_words(text: str, start: int = 0, end: int | None = None) -> int:
    """Words that begin in `text[start:end]`: counts of parts add up to that of the whole."""
    end = len(text) if end is None else end
    return sum(
        _count(text, at, min(at + _SLICE, end)) - _is_amid_word(text, at) for at in range(start, end, _SLICE)
    )


def _count(text: str, start: int, end: int) -> int:
    part = text[start:end]
    return len(part.split()) if part.isascii() else len(_WORD.findall(part))


def _is_amid_word(text: str, at: int) -> bool:
    """Whether the word at a place began before it."""
    return at > 0 and bool(_SPACED.match(text, at - 1) and _SPACED.match(text, at))
