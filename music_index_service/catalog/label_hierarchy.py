"""The names that a filter may use for labels, and those below each, from the artifact."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from pydantic import ValidationError

from ambiance.clip_filter import folded
from ambiance.errors import ArtifactError
from ambiance.index_format.label_hierarchy import LabelHierarchyRecord

# Names of AudioSet's ontology beyond its 527 labels, which indexes up to version 5 don't hold.
_PARENTS_FILE = Path(__file__).resolve().parent / "parent_labels.json"

_NAMED_LABELS = 3  # suggested for an unknown one
# Least ratio of difflib's that counts as close: a suggestion below it would be a guess, worse than none.
_ALIKE_NAME, _ALIKE_WORD = 0.75, 0.8

_WORD = re.compile(r"[^\W_]+")


class LabelHierarchy:
    """Names by number: the labels in the order of the catalogue's dictionary, then what no clip is labelled
    with and stands for those below it, such as "Human voice".
    """

    def __init__(self, labels: Sequence[str], below: Mapping[str, Sequence[str]]) -> None:
        """Take the labels' names, and the names below each of them and below each other name.

        Raises:
            ValueError: if a label is missing, a name is below that stands for nothing, or two names differ in
                upper and lower case alone.
        """
        borne = frozenset(labels)
        self.names = (*labels, *(name for name in below if name not in borne))
        numbers = {name: number for number, name in enumerate(self.names)}
        if not below.keys() == numbers.keys() >= set().union(*below.values()):
            raise ValueError("its labels aren't those of the catalogue")
        self._numbers = {folded(name): number for name, number in numbers.items()}
        if len(self._numbers) != len(self.names):
            raise ValueError("two labels differ in upper and lower case alone")
        self._below = [frozenset(numbers[under] for under in below[name]) for name in self.names]
        numbers_borne = frozenset(range(len(labels)))
        self._closures = [numbers_borne & (under | {number}) for number, under in enumerate(self._below)]
        for name, closure in zip(self.names, self._closures, strict=True):
            if not closure:
                raise ValueError(f"{name!r} is no label of the catalogue, and none is below it")

    @classmethod
    def load(cls, path: Path, labels: Sequence[str]) -> "LabelHierarchy":
        """Read the file and check it against the labels of the catalogue.

        Raises:
            ArtifactError: naming the file and what is wrong with it.
        """
        try:
            return cls(labels, _with_parents(_read(path), frozenset(labels)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "document"
            raise ArtifactError(f"{path}: {where}: {first['msg']}") from error
        except ValueError as error:
            raise ArtifactError(f"{path}: {error}") from error

    def number(self, name: str) -> int | None:
        """The number of a name, whatever its case and the white space around it; None if there is none."""
        return self._numbers.get(folded(name))

    def closure(self, numbers: Iterable[int]) -> list[int]:
        """Numbers of the labels among these and of all labels below them, ascending."""
        return sorted(frozenset().union(*(self._closures[number] for number in numbers)))

    def below(self, number: int) -> frozenset[int]:
        """Numbers of the names below a name, at any depth."""
        return self._below[number]

    def parents(self, number: int) -> list[int]:
        """Numbers of the names right above a name: it has several as "Choir" does, or none; ascending."""
        above = [other for other, below in enumerate(self._below) if number in below]
        return [one for one in above if self._below[one].isdisjoint(above)]

    def closest(self, name: str) -> list[str]:
        """The names most like an unknown one, the most similar first, those that contain it before others.

        They are misspelt by little, or each word of the name is like one of theirs; often there is none.
        """
        wanted = folded(name)
        words_of = {known: _WORD.findall(known) for known in self._numbers}
        words = sorted({word for known in words_of.values() for word in known})
        asked = set(_WORD.findall(wanted))
        alike = [set(get_close_matches(word, words, len(words), _ALIKE_WORD)) for word in asked]
        close = set(get_close_matches(wanted, words_of, _NAMED_LABELS, _ALIKE_NAME))
        if alike:
            close |= {known for known, own in words_of.items() if all(map(set(own).intersection, alike))}
        matcher = SequenceMatcher(b=wanted)  # it caches its analysis of its second text

        def unlikeness(known: str) -> tuple[bool, float, int]:
            matcher.set_seq1(known)
            return wanted not in known, -matcher.ratio(), self._numbers[known]

        return [self.names[self._numbers[known]] for known in sorted(close, key=unlikeness)[:_NAMED_LABELS]]


def _read(path: Path) -> dict[str, list[str]]:
    return LabelHierarchyRecord.model_validate_json(path.read_bytes()).below


def _with_parents(below: dict[str, list[str]], labels: frozenset[str]) -> dict[str, list[str]]:
    """What is below each name, completed if it is AudioSet's and was published with the labels alone."""
    if below.keys() != labels:
        return below
    more = _read(_PARENTS_FILE)
    if not set().union(*more.values()) <= labels | more.keys():
        return below
    return {name: [*below.get(name, ()), *more.get(name, ())] for name in below | more}
