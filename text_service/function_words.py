"""English words that hold a sentence together and carry no feeling of their own.

Negations ("not", "never", "hardly", "can't") and what strengthens or weakens ("so", "very", "too") are none
of them: they turn what a sentence says.
"""

import re

_WORDS = """
a an the this that these those i me my mine myself we us our ours ourselves you your yours yourself
yourselves he him his himself she her hers herself it its itself they them their theirs themselves one
who whom whose which what am is are was were be been being do does did doing done have has had having
will would shall should can could may might must and or but if because as than then when while where how
why whether though although of at by for from with about into onto in on to upon off over under between
among through during before after until since per via there here just also
"""
_FUNCTION_WORDS = frozenset(_WORDS.split())
_ENDINGS = frozenset(["m", "re", "s", "ve", "ll", "d"])  # of "I'm", "we're", "it's"

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


def is_function_word(word: str) -> bool:
    """Whether a word, as it stands in a text with the punctuation that touches it, only holds it together."""
    bare = _AROUND.sub("", word).lower().replace("’", "'")
    stem, _, ending = bare.partition("'")
    return stem in _FUNCTION_WORDS and (not ending or ending in _ENDINGS)
