"""Which models of texts and indexes of clips can be matched with each other: those of one lineage."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ambiance.affect import VAD_SPACE


class NamedSpace(Protocol):
    """A space of a service; `ambiance.type.v1.Space` is one, and that of a manifest another."""

    @property
    def name(self) -> str:
        """Name of the space."""

    @property
    def lineage(self) -> str:
        """Lineage of the space."""


# Spaces that something holds, and how to call it in a sentence.
Side = tuple[str, Sequence[NamedSpace]]


def misfit(space: str, text: Side, music: Side) -> str | None:
    """Why texts can't be matched with clips in a space, in a sentence; None if they can.

    Both sides hold the space, and it and VAD with one lineage: a match compares VAD whatever the space, as it
    tells how clip and text differ in it. An index may answer in several lineages of a space for a while.
    """
    for whose, spaces in (text, music):
        held = sorted({each.name for each in spaces})
        if space not in held:
            return f"{whose} holds {held}, not {space!r}"
    read, searched = _lineages(text[1]), _lineages(music[1])
    for name in (space, VAD_SPACE):
        if read.get(name) and searched.get(name) and not set(read[name]) & set(searched[name]):
            sides = f"{_listed(read[name])} in the {text[0]}, {_listed(searched[name])} in the {music[0]}"
            return f"lineages of space {name!r} differ: {sides}"
    return None


def _lineages(spaces: Iterable[NamedSpace]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for space in spaces:
        found[space.name].append(space.lineage)
    return found


def _listed(lineages: Iterable[str]) -> str:
    return " and ".join(lineages)
