"""Long texts whose scenes are known: the stories in `texts/`, and those composed of the listener's benchmark.

A story is a text file. Its first line is `# title`; a line `== scene | facets that fit | facets that jar`
begins a scene, whose paragraphs follow; `%` begins a remark, which is not read. Scenes are affect.SCENES.
"""

from dataclasses import dataclass
from pathlib import Path

from ambiance.affect import FACETS, NO_SCENE, SCENES
from training.data.errors import DataError
from training.data.tables import lines
from training.listener.files import Half

FOLDER = Path(__file__).resolve().parent / "texts"

_TITLE, _SCENE, _REMARK = "# ", "==", "%"
_LEAST_SCENES = 2  # a text of one has no boundary to find
_BREAK = "\n\n"


@dataclass(frozen=True)
class Scene:
    """A part of a text of one mood."""

    name: str  # of affect.SCENES
    start: int  # Unicode characters of the text
    end: int
    fits: frozenset[str]  # of affect.FACETS: music that makes a listener nod
    jars: frozenset[str]  # music that makes a listener wince


@dataclass(frozen=True)
class LongText:
    """A text and its scenes, which cover it in order."""

    title: str
    source: str  # "story", "excerpts" or "composed"
    text: str
    scenes: tuple[Scene, ...]


@dataclass(frozen=True)
class Part:
    """A scene as it is written, before it has a place in a text."""

    name: str
    fits: frozenset[str]
    jars: frozenset[str]
    paragraphs: tuple[str, ...]


def load_stories(half: Half) -> list[LongText]:
    """Read the stories of a half, by name of their files.

    Raises:
        DataError: naming file and line of what isn't a story as this module tells.
    """
    return [read_story(path) for path in sorted((FOLDER / half).glob("*.txt"))]


def read_story(path: Path) -> LongText:
    """Read a file.

    Raises:
        DataError: as `load_stories`.
    """
    title, parts = "", []
    for line, where in lines(path):
        if line.startswith(_REMARK):
            continue
        if not title:
            if not line.startswith(_TITLE):
                raise DataError(f"{where}: a story begins with '{_TITLE}' and its title, got {line[:40]!r}")
            title = line.removeprefix(_TITLE).strip()
        elif line.startswith(_SCENE):
            parts.append((_heading(line, where), where, [""]))
        elif parts:
            _write(parts[-1][2], line)
        elif line.strip():
            raise DataError(f"{where}: text before the first scene, which begins with '{_SCENE}'")
    source = "excerpts" if path.stem.startswith("excerpts") else "story"
    return lay_out(title, source, [_part(*each) for each in parts], str(path))


def lay_out(title: str, source: str, parts: list[Part], where: str) -> LongText:
    """Give scenes their places, with an empty line between paragraphs.

    Raises:
        DataError: if there are fewer than two.
    """
    if len(parts) < _LEAST_SCENES:
        raise DataError(f"{where}: at least {_LEAST_SCENES} scenes, got {len(parts)}")
    scenes, start = [], 0
    for number, part in enumerate(parts, start=1):
        end = start + len(_BREAK.join(part.paragraphs)) + len(_BREAK) * (number < len(parts))
        scenes.append(Scene(part.name, start, end, part.fits, part.jars))
        start = end
    text = _BREAK.join(paragraph for part in parts for paragraph in part.paragraphs)
    return LongText(title, source, text, tuple(scenes))


def _heading(line: str, where: str) -> tuple[str, frozenset[str], frozenset[str]]:
    fields = [field.strip() for field in line.removeprefix(_SCENE).split("|")]
    if len(fields) != 3:
        raise DataError(f"{where}: '{_SCENE} scene | facets that fit | facets that jar', got {line!r}")
    name, fits, jars = fields[0], facets(fields[1], where), facets(fields[2], where)
    if name not in SCENES or name == NO_SCENE:
        raise DataError(f"{where}: no such scene: {name!r}")
    if not fits or not jars:
        raise DataError(f"{where}: some facet must fit and some must jar")
    if clash := fits & jars:
        raise DataError(f"{where}: {', '.join(sorted(clash))} can't both fit and jar")
    return name, fits, jars


def facets(names: str, where: str) -> frozenset[str]:
    """Names of facets, apart from each other by blanks.

    Raises:
        DataError: if one is unknown.
    """
    if unknown := [name for name in names.split() if name not in FACETS]:
        raise DataError(f"{where}: facets are {', '.join(FACETS)}, got {unknown[0]!r}")
    return frozenset(names.split())


def _write(paragraphs: list[str], line: str) -> None:
    """Add a line to a scene's paragraphs, the last of which is the one being written."""
    if not line.strip():
        paragraphs.append("")
    else:
        paragraphs[-1] = f"{paragraphs[-1]} {line.strip()}".strip()


def _part(heading: tuple[str, frozenset[str], frozenset[str]], where: str, paragraphs: list[str]) -> Part:
    written = tuple(paragraph for paragraph in paragraphs if paragraph)
    if not written:
        raise DataError(f"{where}: a scene without text")
    return Part(*heading, written)
