"""Reads each passage as a whole, and says what to search for it: the vector that clips are compared with."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE
from ambiance.limits import MAX_TEXT_CHARACTERS
from ambiance.text.v1.text_service_pb2 import NOTICE_KIND_DISTRESS, EncodedText
from ambiance.type.v1.space_pb2 import Vector
from gateway.matching import vector_of
from gateway.soundtrack.merging import merged
from gateway.soundtrack.passages import Span
from gateway.soundtrack.readings import Reader
from gateway.soundtrack.settings import Brief

# Passages read at once: few first, so that the first cue comes soon.
BATCHES = (2, 2, 4, 8, 16)

# What a passage that tells of nothing felt keeps of the mood before it; the rest is that of a text that
# says nothing.
INHERITED = 0.7

LEAST_WEIGHT, MOST_WEIGHT = -2.0, 1.0  # of a facet, as FacetWeight has it


@dataclass(frozen=True)
class Scene:
    """A passage as it is searched for."""

    span: Span
    text: EncodedText  # with the vector that clips are compared with
    query: Vector
    wanted: NDArray[np.float64]  # [facets] what it asks of music, in the order of FACETS
    is_neutral: bool  # whether it tells of nothing felt, and so has the mood of what was before


class SceneReader:
    """Reads the passages of one text."""

    def __init__(self, reader: Reader, brief: Brief, space: str) -> None:
        self._reader, self._brief, self._space = reader, brief, space
        self._calm = np.array(reader.neutral.values, np.float64)
        self._before: NDArray[np.float64] | None = None  # the query before, without intensity

    def read(self, spans: Iterable[Span]) -> Iterator[Scene]:
        """The passages in order, read in batches as they are asked for."""
        spans, batches = iter(spans), iter(BATCHES)
        while batch := list(islice(spans, next(batches, BATCHES[-1]))):
            for span, text in zip(batch, self._texts(batch), strict=True):
                yield self._scene(span, text)

    def _texts(self, batch: Sequence[Span]) -> Iterator[EncodedText]:
        """What is read in each passage; one that is too long to be read at once is read in parts."""
        parts = [_parts(self._brief.text, span) for span in batch]
        read = iter(self._reader.passages([part for each in parts for part in each]))
        for each in parts:
            found = [text for text in islice(read, len(each)) if text is not None]
            yield merged(found) if found else self._reader.nothing

    def _scene(self, span: Span, read: EncodedText) -> Scene:
        text = EncodedText()
        text.CopyFrom(read)
        text.ClearField("embedding")
        is_neutral = text.evidence.fallback
        query = self._query(text)
        vector = vector_of(text, self._space)
        vector.values[:] = query.tolist()
        if self._space == MOOD_SPACE:
            _set_facets(text, query)
        wanted = {facet.facet: facet.weight for facet in text.facets}
        order = np.array([wanted.get(facet, 0.0) for facet in FACETS])
        return Scene(span, text, vector, order, is_neutral)

    def _query(self, text: EncodedText) -> NDArray[np.float64]:
        """The vector to search with: what was read, or the mood before it, by the intensity asked for."""
        read, calm = np.array(vector_of(text, self._space).values, np.float64), self._calm
        if text.evidence.fallback and self._before is not None:
            read = calm + INHERITED * (self._before - calm)
        self._before = read
        intensity = self._brief.intensity
        if any(notice.kind == NOTICE_KIND_DISTRESS for notice in text.notices):
            intensity = min(intensity, 1.0)  # gentle music, whatever else is asked for
        return calm + intensity * (read - calm)


def _parts(text: str, span: Span) -> list[str]:
    """The passage, in parts that the text service takes."""
    passage = text[span.start : span.end]
    parts = [passage[at : at + MAX_TEXT_CHARACTERS] for at in range(0, len(passage), MAX_TEXT_CHARACTERS)]
    return [part for part in parts if not part.isspace()]


def _set_facets(text: EncodedText, query: NDArray[np.float64]) -> None:
    """Have the facets be those of the vector that clips are compared with, as they are of any text."""
    weights = np.clip(query[: len(FACETS)], LEAST_WEIGHT, MOST_WEIGHT).tolist()
    text.ClearField("facets")
    for weight, facet in sorted(zip(weights, FACETS, strict=True), key=lambda each: -each[0]):
        text.facets.add(facet=facet, weight=weight)
