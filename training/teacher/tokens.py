"""The student's tokens: the teacher's WordPiece without the pieces that nothing here needs, and with emoji.

The teacher itself reads every text through them: each token of the student's spelled in tokens of its own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.errors import AmbianceError
from ambiance.tokenizer import TextTokenizer
from training.teacher.emoji import WORD_OF_EMOJI

UNKNOWN_ID = 1
CONTINUING = "##"  # opens a piece that goes on with a word

_PAD, _UNKNOWN = "[PAD]", "[UNK]"
# How the teacher writes what stands before a text, after it, and in its place.
_START, _END = "<s>", "</s>"
_OF_TEACHER = {_PAD: "<pad>"}
_MASKS = {"[NAME]": "name", "[RELIGION]": "religion"}  # GoEmotions' stand-ins for what it hides

# Tokens that no pretrained vocabulary has, and the word that each is read as.
WORD_OF_TOKEN = _MASKS | WORD_OF_EMOJI


@dataclass(frozen=True)
class Tokens:
    """The student's tokenizer, and how the teacher spells each of its tokens."""

    tokenizer: Tokenizer
    spellings: tuple[tuple[int, ...], ...]  # of each of the student's ids, in the teacher's ids
    start_id: int  # of the teacher's, before every text
    end_id: int  # and after it

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of each text; a text that has none is one unknown token."""
        reader = TextTokenizer(self.tokenizer)
        encodings = self.tokenizer.encode_batch(list(map(reader.normalized, texts)), add_special_tokens=False)
        return [np.array(encoding.ids or [UNKNOWN_ID], np.int32) for encoding in encodings]

    def spell(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """A text's tokens as the teacher reads them, between its two special tokens."""
        spelled = [piece for token in ids for piece in self.spellings[token]]
        return np.array([self.start_id, *spelled, self.end_id], np.int32)

    def names(self) -> list[str]:
        """Every token as the tokenizer's file writes it, by id."""
        id_of_name = self.tokenizer.get_vocab()
        return sorted(id_of_name, key=id_of_name.__getitem__)

    def count(self, rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
        """<int64>[tokens] how often each token occurs in the encoded texts."""
        return np.bincount(np.concatenate(rows), minlength=len(self.spellings))


def build_tokens(source: Tokenizer, texts: Sequence[str]) -> Tokens:
    """Prune the teacher's vocabulary to what the texts need, and to what spells any word of ASCII letters.

    Args:
        source: the teacher's tokenizer, a WordPiece one.
        texts: what is to be learned.

    Raises:
        AmbianceError: if the tokenizer is of another kind.
    """
    specification = json.loads(source.to_str())
    if specification["model"]["type"] != "WordPiece":
        raise AmbianceError(f"tokenizer: a WordPiece model, got {specification['model']['type']}")
    source = Tokenizer.from_str(source.to_str())
    source.no_padding()
    # An emoji that is a piece would be found only where it stands alone; as a token of its own, anywhere.
    pieces = (piece for piece in specification["model"]["vocab"] if piece not in WORD_OF_EMOJI)
    vocabulary = list(dict.fromkeys([_PAD, _UNKNOWN, *pieces]))
    full = _assemble(specification, vocabulary, source)
    counts = full.count(full.encode(texts))
    seen = {name for name, count in zip(full.names(), counts, strict=True) if count}
    others = [piece for piece in vocabulary if piece in seen or _spells_ascii(piece)]
    return _assemble(specification, list(dict.fromkeys([_PAD, _UNKNOWN, *others])), source)


def _assemble(specification: dict[str, Any], pieces: Sequence[str], source: Tokenizer) -> Tokens:
    """Tokens of these pieces, in this order, and of the emoji and masks after them."""
    ids = source.get_vocab()
    spellings: list[tuple[int, ...]] = [(ids[_OF_TEACHER.get(piece, piece)],) for piece in pieces]
    added = []
    for content, word in WORD_OF_TOKEN.items():
        added.append(_added_token(len(spellings), content))
        spellings.append(tuple(source.encode(word, add_special_tokens=False).ids))
    student = specification | {
        "model": specification["model"] | {"vocab": {piece: i for i, piece in enumerate(pieces)}},
        "added_tokens": added,
        "post_processor": None,
        "padding": None,
        "truncation": None,
    }
    return Tokens(Tokenizer.from_str(json.dumps(student)), tuple(spellings), ids[_START], ids[_END])


def _added_token(token: int, content: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return flags | {"id": token, "content": content}


def _spells_ascii(piece: str) -> bool:
    letters = piece.removeprefix(CONTINUING)
    return letters.isascii() and (letters.isalpha() or len(letters) == 1)
