"""GoEmotions (Demszky et al., 2020) as published: the comments every text model learns from."""

from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened

from ambiance.affect import EMOTIONS
from training.data.errors import DataError
from training.data.tables import lines, whole_number

SPLITS = ("train", "dev", "test")

FOLDER = "goemotions"
EMOTIONS_FILE = "emotions.txt"


@dataclass(frozen=True)
class Comments:
    """One split as columns over its comments, in file order."""

    texts: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]  # indices into affect.EMOTIONS.names, at least one a comment
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def load_comments(data_dir: Path, split: str) -> Comments:
    """Read one split: `train` 43,410 comments, `dev` 5,426, `test` 5,427.

    Raises:
        DataError: if a file is missing, its emotions aren't those of `affect.EMOTIONS`, or a row isn't
            text, emotion ids and comment id; names file and line.
    """
    if split not in SPLITS:
        raise DataError(f"split: one of {', '.join(SPLITS)}, got {split!r}")
    folder = data_dir / FOLDER
    _check_emotions(folder / EMOTIONS_FILE)
    path = folder / f"{split}.tsv"
    rows = [_parse_row(line, where) for line, where in lines(path)]
    if not rows:
        raise DataError(f"{path}: holds no comment")
    texts, labels, ids = zip(*rows, strict=True)
    return Comments(texts, labels, ids)


def _check_emotions(path: Path) -> None:
    names = tuple(line for line, _ in lines(path))
    if names != EMOTIONS.names:
        odd = sorted(set(names) ^ set(EMOTIONS.names)) or "the order"
        raise DataError(f"{path}: not the 28 emotions in GoEmotions' order, {odd} differs")


def _parse_row(line: str, where: str) -> tuple[str, tuple[int, ...], str]:
    # No CSV quoting rules: texts hold bare quotes.
    columns = line.split("\t")
    if len(columns) != 3:
        raise DataError(f"{where}: 3 tab-separated columns, got {len(columns)}")
    text, emotion_ids, comment_id = columns
    if not text or not comment_id:
        raise DataError(f"{where}: the {'comment id' if text else 'text'} is empty")
    return text, _parse_labels(emotion_ids, where), comment_id


def _parse_labels(emotion_ids: str, where: str) -> tuple[int, ...]:
    if not emotion_ids:
        raise DataError(f"{where}: no emotion id")
    labels = []
    for field in emotion_ids.split(","):
        label = whole_number(field, 0, len(EMOTIONS.names) - 1)
        if label is None:
            raise DataError(
                f"{where}: emotion ids are 0 to {len(EMOTIONS.names) - 1}, got {shortened(field)}"
            )
        labels.append(label)
    return tuple(labels)
