"""How the lines of a plain text are to be shown. The reader's page has the same rule."""

from itertools import pairwise

_LOOKED_AT = 50_000  # characters
# What shows that lines are broken to fit a page: so many of them, of such lengths, and that most are as long
# as can be. Pentameters are narrower.
_LEAST_BROKEN, _NARROWEST, _WIDEST, _MOSTLY = 4, 50, 140, 0.8


def is_hard_wrapped(text: str) -> bool:
    """Whether lines are broken to fit a page, as in many plain text files: then a line's end is a space.

    There the next line's first word wouldn't have fitted, which of verse, lists and dialogue is seldom so.
    """
    lines = [line.rstrip() for line in text[:_LOOKED_AT].split("\n")]
    broken = [(len(line), after.split()[0]) for line, after in pairwise(lines) if line and after]
    lengths = sorted(length for length, _ in broken)
    if len(broken) < _LEAST_BROKEN:
        return False
    width = lengths[int(0.75 * len(lengths))]  # some may stick out
    full = sum(length + 1 + len(word) > width for length, word in broken)
    return _NARROWEST <= width <= _WIDEST and full >= _MOSTLY * len(broken)
