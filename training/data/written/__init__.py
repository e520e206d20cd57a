"""The corpus that was written for this project, and its reader: sentences with scene and register."""

from dataclasses import dataclass
from pathlib import Path

from ambiance.affect import SCENES
from training.data.errors import DataError
from training.data.tables import rows

FOLDER = Path(__file__).resolve().parent
CORPUS_FOLDER, DISTRESS_FILE = FOLDER / "corpus", FOLDER / "distress.tsv"
WORDS_FOLDER = FOLDER / "words"  # words and short phrases that point to a scene, in the corpus's form

_MOST_SCENES = 2


@dataclass(frozen=True)
class WrittenSentences:
    """Columns over n sentences and short passages, in the order of files and lines."""

    texts: tuple[str, ...]
    scenes: tuple[tuple[int, ...], ...]  # one or two indices into affect.SCENES, the stronger first
    registers: tuple[str, ...]  # narration, dialogue, diary, message, verse, ...

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class DistressSentences:
    """Columns over n sentences: texts, and whether each speaks of self-harm or suicide."""

    texts: tuple[str, ...]
    distress: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.texts)


def load_written(folder: Path = CORPUS_FOLDER) -> WrittenSentences:
    """Read every `*.tsv` of a folder: scenes joined by `+`, register, text.

    Raises:
        DataError: naming file and line of what isn't that, or if there is no such file.
    """
    texts, scenes, registers = [], [], []
    for path in sorted(folder.glob("*.tsv")):
        for (names, register, text), where in rows(path, 3):
            texts.append(text)
            scenes.append(parse_scenes(names, where))
            registers.append(register)
    if not texts:
        raise DataError(f"{folder}: holds no sentence")
    return WrittenSentences(tuple(texts), tuple(scenes), tuple(registers))


def load_distress(path: Path = DISTRESS_FILE) -> DistressSentences:
    """Read a file of 1 or 0, and text.

    Raises:
        DataError: naming file and line of what isn't that, or if there is none.
    """
    texts, distress = [], []
    for (flag, text), where in rows(path, 2):
        if flag not in ("0", "1"):
            raise DataError(f"{where}: distress is 0 or 1, got {flag!r}")
        texts.append(text)
        distress.append(flag == "1")
    if not texts:
        raise DataError(f"{path}: holds no sentence")
    return DistressSentences(tuple(texts), tuple(distress))


def parse_scenes(names: str, where: str) -> tuple[int, ...]:
    """Indices of scenes joined by `+`.

    Raises:
        DataError: if one is unknown or there are too many.
    """
    parts = names.split("+")
    if unknown := [name for name in parts if name not in SCENES]:
        raise DataError(f"{where}: scenes are {', '.join(SCENES)}, got {unknown[0]!r}")
    if len(parts) > _MOST_SCENES or len(set(parts)) < len(parts):
        raise DataError(f"{where}: one scene or two different ones, got {names!r}")
    return tuple(map(SCENES.index, parts))
