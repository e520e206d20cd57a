"""The labels that a filter may name and those below each, from `label_hierarchy.json` of the artifact."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ambiance.clip_filter import folded
from ambiance.errors import ArtifactError

LABEL_HIERARCHY_FILE = "label_hierarchy.json"

_NAMED_LABELS = 3  # that are closest to one that is unknown
# What counts as close, by difflib's ratio: below it a suggestion is a guess, and none is better than that.
_ALIKE_NAME, _ALIKE_WORD = 0.75, 0.8

_WORD = re.compile(r"[^\W_]+")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    below: dict[str, list[str]]  # name of each label -> names of those below it, at any depth


class LabelHierarchy:
    """Labels by number, in the order of the catalogue's dictionary."""

    def __init__(self, names: Sequence[str], below: dict[str, list[str]]) -> None:
        """Take the labels' names, and for each the names of those below it.

        Raises:
            ValueError: if both don't hold the same names, or two differ in upper and lower case alone.
        """
        numbers = {name: number for number, name in enumerate(names)}
        if numbers.keys() != below.keys() or not numbers.keys() >= set().union(*below.values()):
            raise ValueError("its labels aren't those of the catalogue")
        self._numbers = {folded(name): number for name, number in numbers.items()}
        if len(self._numbers) != len(names):
            raise ValueError("two labels differ in upper and lower case alone")
        self._names = tuple(names)
        self._closures = [frozenset(numbers[under] for under in (name, *below[name])) for name in names]

    @classmethod
    def load(cls, path: Path, names: Sequence[str]) -> "LabelHierarchy":
        """Read the file and check it against the labels of the catalogue.

        Raises:
            ArtifactError: naming the file and what is wrong with it.
        """
        try:
            return cls(names, _File.model_validate_json(path.read_bytes()).below)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "document"
            raise ArtifactError(f"{path}: {where}: {first['msg']}") from error
        except ValueError as error:
            raise ArtifactError(f"{path}: {error}") from error

    def number(self, name: str) -> int | None:
        """The number of a label, whatever its case and the white space around it; None if there is none."""
        return self._numbers.get(folded(name))

    def closure(self, numbers: Iterable[int]) -> list[int]:
        """Numbers of these labels and of all below them, ascending."""
        return sorted(frozenset().union(*(self._closures[number] for number in numbers)))

    def closest(self, name: str) -> list[str]:
        """The names most like one that is unknown, the likest first, those that hold it before others.

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
        matcher = SequenceMatcher(b=wanted)  # which keeps what it knows of its second text

        def unlikeness(known: str) -> tuple[bool, float, int]:
            matcher.set_seq1(known)
            return wanted not in known, -matcher.ratio(), self._numbers[known]

        return [self._names[self._numbers[known]] for known in sorted(close, key=unlikeness)[:_NAMED_LABELS]]
