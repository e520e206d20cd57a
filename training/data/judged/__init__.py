"""Scenes of the public corpora's sentences, judged for this project by reading each.

A file a corpus. It holds no sentence: a line tells a sentence by its digest, so that a judgement stays with
its text whatever becomes of row numbers.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training.data.errors import DataError
from training.data.tables import rows
from training.data.written import parse_scenes

FOLDER = Path(__file__).resolve().parent

_DIGEST_LENGTH = 12  # hexadecimal digits: among a hundred thousand sentences no two alike


def load_judged(corpus: str, texts: Sequence[str], folder: Path = FOLDER) -> dict[int, tuple[int, ...]]:
    """Rows of `texts` that somebody judged, and each one's scenes: one or two indices into affect.SCENES.

    Args:
        corpus: whose file it is, `goemotions` say.
        texts: the corpus's sentences as its loader reads them.
        folder: where the files lie.

    Raises:
        DataError: naming file and line of what isn't digest and scenes, or of a digest that no text has.
    """
    path = folder / f"{corpus}.tsv"
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        rows_of.setdefault(digest(text), []).append(row)
    judged: dict[int, tuple[int, ...]] = {}
    for (name, scenes), where in rows(path, 2):
        if name not in rows_of:
            raise DataError(f"{where}: no sentence of {corpus} has the digest {name!r}")
        judged |= dict.fromkeys(rows_of[name], parse_scenes(scenes, where))
    if not judged:
        raise DataError(f"{path}: holds no judgement")
    return dict(sorted(judged.items()))


def digest(text: str) -> str:
    """What tells a sentence from all others of its corpus."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
