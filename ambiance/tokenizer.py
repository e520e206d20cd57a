"""Text to token ids, the same in training and in serving, by the `tokenizer.json` of a text encoder.

The file is the `tokenizers` library's own and holds splitting and vocabulary; what people type is brought
into one form before it (`normalization.py`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding as LibraryEncoding
from tokenizers import Tokenizer

from ambiance.errors import ArtifactError
from ambiance.normalization import needs_normalizing, normalize, normalized_pieces

PAD, UNKNOWN = "[PAD]", "[UNK]"
PAD_ID, UNKNOWN_ID = 0, 1

TOKENIZER_FILE = "tokenizer.json"


@dataclass(frozen=True)
class Encoding:
    """One text as the encoder reads it. No token is left out: windows follow each other without overlap."""

    windows: NDArray[np.int32]  # [windows, window], padded at the end with PAD_ID; no window for no tokens
    token_count: int
    unknown_token_count: int

    @property
    def window_token_counts(self) -> NDArray[np.int32]:
        """<int32>[windows] tokens in each window, padding not counted."""
        return np.count_nonzero(self.windows, axis=1).astype(np.int32)


class TextTokenizer:
    """Maps texts to windows of token ids."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Take a tokenizer of the library's, whose cutting and padding are switched off.

        Raises:
            ArtifactError: if its first two tokens aren't PAD and UNKNOWN.
        """
        first = (tokenizer.id_to_token(PAD_ID), tokenizer.id_to_token(UNKNOWN_ID))
        if first != (PAD, UNKNOWN):
            raise ArtifactError(f"tokenizer: its first tokens are {first}, not {(PAD, UNKNOWN)}")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    @property
    def vocabulary_count(self) -> int:
        """Tokens it knows, PAD and UNKNOWN included; ids run from 0 to one below."""
        return self._tokenizer.get_vocab_size()

    @property
    def document(self) -> str:
        """What `save` writes: JSON, the same for the same tokenizer."""
        document: str = self._tokenizer.to_str(pretty=False)
        return document

    def token_id(self, token: str) -> int | None:
        """Id of a token, None if there is no such token."""
        return self._tokenizer.token_to_id(token)

    def token(self, token_id: int) -> str | None:
        """The token of an id, None if there is no such id."""
        token: str | None = self._tokenizer.id_to_token(token_id)
        return token

    def normalized(self, text: str) -> str:
        """The text as it is read: see `normalization.normalize`."""
        return normalize(text, self.token_id) if needs_normalizing(text) else text

    def ids(self, text: str) -> list[int]:
        """Every token of a text; none for a text without words."""
        ids: list[int] = self._read(self.normalized(text)).ids
        return ids

    def encode(self, text: str, window: int) -> Encoding:
        """Split a text into as few windows of at most `window` tokens as hold it, of near-equal length.

        Windows part where the text has a gap, a space say, wherever one is in reach.
        """
        read = self._read(self.normalized(text))
        ids = read.ids
        if len(ids) <= window:
            windows = np.zeros((min(len(ids), 1), window), np.int32)
            windows[:, : len(ids)] = ids
        else:
            windows = _part(np.array(ids, np.int32), _gaps(read.offsets), window)
        return Encoding(windows, len(ids), ids.count(UNKNOWN_ID))

    def offsets(self, text: str) -> NDArray[np.int32]:
        """<int32>[tokens, 2] where each token of `encode` starts and ends in the text, in characters.

        In a text that is normalised, where the word or gap starts and ends that the token was read in.
        """
        if not needs_normalizing(text):
            return np.array(self._read(text).offsets, np.int32).reshape(-1, 2)
        pieces = list(normalized_pieces(text, self.token_id))
        offsets = np.array(self._read("".join(piece for piece, _, _ in pieces)).offsets, np.int32)
        begins = np.cumsum([0, *(len(piece) for piece, _, _ in pieces)])
        piece_of = np.searchsorted(begins, offsets.reshape(-1, 2)[:, 0], side="right") - 1
        spans = np.array([(start, end) for _, start, end in pieces], np.int32).reshape(-1, 2)
        return spans[piece_of]

    def _read(self, text: str) -> LibraryEncoding:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's file into a folder."""
        (folder / TOKENIZER_FILE).write_text(self.document, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TextTokenizer":
        """Read the tokenizer's file in a folder.

        Raises:
            ArtifactError: if it is missing or isn't a tokenizer with PAD and UNKNOWN first.
        """
        path = folder / TOKENIZER_FILE
        try:
            return cls(Tokenizer.from_file(str(path)))
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from error
        except Exception as error:  # the library raises nothing narrower
            raise ArtifactError(f"{path}: {error}") from error


def _gaps(offsets: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """<bool>[tokens] whether text lies between a token and the one before it."""
    starts, ends = np.array(offsets).T
    return np.concatenate([[True], starts[1:] > ends[:-1]])


def _part(ids: NDArray[np.int32], gaps: NDArray[np.bool_], window: int) -> NDArray[np.int32]:
    """<int32>[windows, window] of tokens <int32>[n], parted at gaps where possible."""
    count = -(-len(ids) // window)
    windows = np.zeros((count, window), np.int32)
    start = 0
    for row in range(count):
        end = _end_of_window(start, count - row, gaps, window)
        windows[row, : end - start] = ids[start:end]
        start = end
    return windows


def _end_of_window(start: int, windows_left: int, gaps: NDArray[np.bool_], window: int) -> int:
    """Where the window from `start` ends: the gap nearest to its fair share of what is left.

    What remains must fill the other windows, and not more than fill them. With no gap in that reach, the
    fair share it is.
    """
    left = len(gaps) - start
    fair = start + -(-left // windows_left)
    if windows_left == 1:
        return fair
    least = max(start + 1, len(gaps) - (windows_left - 1) * window)
    most = min(start + window, len(gaps) - (windows_left - 1))
    reachable = least + np.flatnonzero(gaps[least : most + 1])
    if not len(reachable):
        return fair
    return int(reachable[np.abs(reachable - fair).argmin()])
