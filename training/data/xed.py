"""XED English (Öhman et al., 2020): lines of film dialogue with Plutchik's eight emotions, and neutral."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened

from training.data.errors import DataError
from training.data.tables import lines, rows, whole_number

FOLDER = "xed"
ANNOTATED_FILE, NEUTRAL_FILE = "en-annotated.tsv", "neu_en.txt"

# In the order of the published ids, which start at 1.
PLUTCHIK = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")


@dataclass(frozen=True)
class DialogueLines:
    """Columns over the lines: those with emotions, then the neutral ones."""

    texts: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]  # indices into PLUTCHIK, ascending; none for a neutral line

    def __len__(self) -> int:
        return len(self.texts)


def load_xed(data_dir: Path) -> DialogueLines:
    """Read every line.

    Raises:
        DataError: if a file is missing, or a row isn't as published; names file and line.
    """
    folder = data_dir / FOLDER
    texts: list[str] = []
    labels: list[tuple[int, ...]] = []
    for (text, ids), where in rows(folder / ANNOTATED_FILE, 2):
        texts.append(text)
        labels.append(_parse_labels(ids, where))
    if not texts:
        raise DataError(f"{folder / ANNOTATED_FILE}: holds no line")
    for text in _neutral_texts(folder / NEUTRAL_FILE):
        texts.append(text)
        labels.append(())
    if labels[-1]:
        raise DataError(f"{folder / NEUTRAL_FILE}: holds no line")
    return DialogueLines(tuple(texts), tuple(labels))


def _neutral_texts(path: Path) -> Iterator[str]:
    """The second column; a few published lines end in tabs, and one holds nothing else."""
    for line, where in lines(path):
        fields = line.rstrip("\t").split("\t")
        if fields == [""]:
            continue
        if len(fields) != 2:
            raise DataError(f"{where}: 2 tab-separated columns, got {len(fields)}")
        yield fields[1]


def _parse_labels(ids: str, where: str) -> tuple[int, ...]:
    labels = set()
    for field in ids.split(","):
        number = whole_number(field.strip(), 1, len(PLUTCHIK))
        if number is None:
            raise DataError(f"{where}: emotion ids are 1 to {len(PLUTCHIK)}, got {shortened(field.strip())}")
        labels.add(number - 1)
    return tuple(sorted(labels))
