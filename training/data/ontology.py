"""AudioSet's 527 classes and the hierarchy over them: which clips are music, and of which mood."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from ambiance.affect import MOODS
from training.data.clip_record import CLASSES
from training.data.errors import DataError
from training.data.tables import read_text

FOLDER = "audioset"
CLASSES_FILE = "class_labels_indices.csv"
ONTOLOGY_FILE = "ontology.json"

MUSIC = "Music"
INSTRUMENT = "Musical instrument"
_MOOD_CLASSES = range(276, 283)  # "Happy music" to "Scary music", in affect.MOODS order


class _Class(BaseModel):
    id: str
    name: str
    child_ids: list[str]


_CLASSES = TypeAdapter(list[_Class])


@dataclass(frozen=True)
class Ontology:
    """Classes by index, and the hierarchy that also holds classes no clip is labelled with."""

    names: tuple[str, ...]  # display name by class index
    machine_ids: tuple[str, ...]  # "/m/04rlf" by class index
    children: Mapping[str, tuple[str, ...]]  # machine id -> machine ids, over the whole hierarchy
    other_names: Mapping[str, str] = field(default_factory=dict)  # of classes that no clip is labelled with

    def index(self, name: str) -> int:
        """Index of the class of a display name.

        Raises:
            DataError: if no class bears it.
        """
        try:
            return self._indices[name]
        except KeyError:
            raise DataError(f"{CLASSES_FILE}: no class is named {name!r}") from None

    def descendants(self, name: str) -> frozenset[int]:
        """Indices of the classes below a class, at any depth; classes outside the 527 are walked through."""
        below = self._below(self.machine_ids[self.index(name)])
        return frozenset(i for i, machine_id in enumerate(self.machine_ids) if machine_id in below)

    def names_below(self) -> dict[str, list[str]]:
        """The display name of each class, and the names of those below it, at any depth.

        "Human voice" and other classes that no clip is labelled with are among them where one of the 527 is
        below them.
        """
        labels = dict(zip(self.machine_ids, self.names, strict=True))
        below = {machine_id: self._below(machine_id) for machine_id in (*labels, *self.other_names)}
        parents = {i: name for i, name in self.other_names.items() if not below[i].isdisjoint(labels)}
        named = labels | parents
        return {name: [named[i] for i in named if i in below[of]] for of, name in named.items()}

    def _below(self, machine_id: str) -> set[str]:
        """Machine ids of the classes below a class, at any depth."""
        below: set[str] = set()
        open_ids = [machine_id]
        while open_ids:
            children = set(self.children.get(open_ids.pop(), ())) - below
            below |= children
            open_ids += children
        return below

    def music_classes(self) -> frozenset[int]:
        """Indices of Music and all its descendants: a clip labelled only "Lullaby" is music too."""
        return self.descendants(MUSIC) | {self.index(MUSIC)}

    def musical_piece_classes(self) -> frozenset[int]:
        """Indices of Music and its descendants but for instruments and their parts.

        The hierarchy files bicycle bells and tuning forks under Music, by way of Musical instrument. Clips
        that annotators heard as music bear Music, a genre, a mood or a role; a clip with nothing but an
        instrument's name is a sound, not an answer to a reader.
        """
        return self.music_classes() - self.descendants(INSTRUMENT) - {self.index(INSTRUMENT)}

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}


def moods_of(labels: Sequence[int]) -> tuple[int, ...]:
    """Moods among a clip's class indices, as indices into `affect.MOODS.names`, ascending.

    Most clips have none, and a few have two: 421 moods stand on 411 clips of bal_train, 420 on 411 of eval.
    """
    return tuple(sorted(label - _MOOD_CLASSES.start for label in labels if label in _MOOD_CLASSES))


def load_ontology(data_dir: Path) -> Ontology:
    """Read the class list and the hierarchy.

    Raises:
        DataError: if a file is missing or not AudioSet's; names the file and what is wrong.
    """
    folder = data_dir / FOLDER
    machine_ids, names = _read_classes(folder / CLASSES_FILE)
    children, all_names = _read_hierarchy(folder / ONTOLOGY_FILE)
    if unknown := set(machine_ids) - children.keys():
        raise DataError(f"{folder / ONTOLOGY_FILE}: lacks the classes {sorted(unknown)[:5]}")
    others = {other: name for other, name in all_names.items() if other not in set(machine_ids)}
    if len({name.casefold() for name in (*names, *others.values())}) < len(names) + len(others):
        raise DataError(f"{folder / ONTOLOGY_FILE}: two classes bear one name")
    return Ontology(names, machine_ids, children, others)


def _read_classes(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: not CSV ({error})") from error
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != 3 or row[0] != str(line - 2):
            raise DataError(f"{path}: line {line}: index {line - 2}, machine id and name, got {row}")
    if len(rows) != CLASSES + 1:
        raise DataError(f"{path}: {CLASSES} classes under a heading, got {len(rows)} lines")
    _, machine_ids, names = zip(*rows[1:], strict=True)
    moods = tuple(names[i].removesuffix(" music").lower() for i in _MOOD_CLASSES)
    if moods != MOODS.names:
        raise DataError(f"{path}: classes {_MOOD_CLASSES.start} to {_MOOD_CLASSES.stop - 1} are {moods}")
    return machine_ids, names


def _read_hierarchy(path: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Machine ids of the classes right below each class, and the display name of each."""
    try:
        classes = _CLASSES.validate_json(read_text(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        what = "not a list of classes with `id`, `name` and `child_ids`"
        raise DataError(f"{path}: {what} ({where}: {first['msg']})") from error
    children = {one.id: tuple(one.child_ids) for one in classes}
    return children, {one.id: one.name for one in classes}
