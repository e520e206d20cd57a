"""Checks of a clip's labels against those of the release, which writes them in one way."""

from collections.abc import Sequence

from ambiance.errors import Violation
from ambiance.limits import MAX_CLIP_LABELS, MAX_LABEL_CHARACTERS
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.validation import shown
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.filtering.canonical_filter import unknown_label
from music_index_service.preparation.offences import Offences

_MAX_CLOSEST = 10  # unknown names in a batch whose closest are looked up, which takes milliseconds each
_NAMED_BELOW = 3  # labels that are suggested for a name which no clip is labelled with


class ClipLabels:
    """The labels that a clip may bear."""

    def __init__(self, hierarchy: LabelHierarchy) -> None:
        """Take the release's names; those that only stand for others above them can't be borne."""
        self._hierarchy = hierarchy
        borne = hierarchy.closure(range(len(hierarchy.names)))
        self._order = {hierarchy.names[number]: number for number in borne}

    def read(self, batch: Sequence[ClipInput], offences: Offences) -> list[list[str]]:
        """Each clip's labels as the release writes them, each once, in its order; notes what is wrong."""
        closest: dict[str, str] = {}
        written = [list(clip.labels) for clip in batch]
        return [self._of(i, labels, closest, offences) if labels else [] for i, labels in enumerate(written)]

    def _of(self, clip: int, labels: list[str], closest: dict[str, str], offences: Offences) -> list[str]:
        if len(labels) > MAX_CLIP_LABELS:
            offences.add(clip, "labels", f"at most {MAX_CLIP_LABELS}, got {len(labels):,}")
            return []
        if all(label in self._order for label in labels):
            return sorted(set(labels), key=self._order.__getitem__)
        known: set[str] = set()
        for j, label in enumerate(labels):
            number = self._hierarchy.number(label)
            name = "" if number is None else self._hierarchy.names[number]
            if name in self._order:
                known.add(name)
            elif number is None:
                offences.add(clip, f"labels[{j}]", self._unknown(label, closest))
            else:
                below = sorted(self._hierarchy.closure([number]))[:_NAMED_BELOW]
                examples = ", ".join(repr(self._hierarchy.names[one]) for one in below)
                stands = f"{shown(label)} stands for those below it alone, as {examples}"
                offences.add(clip, f"labels[{j}]", stands)
        return sorted(known, key=self._order.__getitem__)

    def _unknown(self, label: str, closest: dict[str, str]) -> str:
        if label not in closest:
            looked_up = len(closest) < _MAX_CLOSEST and len(label) <= MAX_LABEL_CHARACTERS
            hierarchy = self._hierarchy if looked_up else None
            violation: Violation = unknown_label("", label, hierarchy)
            if hierarchy is None:
                return violation.description
            closest[label] = violation.description
        return closest[label]
