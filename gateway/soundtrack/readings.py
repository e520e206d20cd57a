"""Reads sentences in batches: what scene each tells of, its VAD, and how much it tells of something felt."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import SCENES
from ambiance.errors import PeerError
from ambiance.text.v1.text_service_pb2 import EncodedText
from gateway.matching import vector_of
from gateway.soundtrack.sentences import Sentence
from gateway.soundtrack.services import Services

# Sentences read at once: few first, so that the first cue comes soon, and never so many that the texts of
# others wait long for the model.
BATCHES = (32, 24, 24, 48, 64)

NOTHING = "..."  # a text that says nothing, for what the text service answers such texts with


class Unit(NamedTuple):
    """A sentence and what was read in it."""

    sentence: Sentence
    scenes: NDArray[np.float64]  # [scenes] square roots of their shares, in the order of SCENES
    vad: tuple[float, float, float]
    weight: float  # 0 to 1: how much it tells of something felt


class Reader:
    """Reads the sentences of one text in one space."""

    def __init__(self, services: Services, space: str) -> None:
        """Read what a text that says nothing is answered with.

        Raises:
            InvalidInputError: if the text service doesn't write the space.
            AmbianceError: as the text service answers.
        """
        self._services = services
        [nothing] = services.encode([NOTHING])
        if nothing is None:
            raise PeerError(f"text service: refuses {NOTHING!r}, which says nothing")
        self.nothing = nothing
        self.neutral = vector_of(self.nothing, space)
        self._batches = iter(BATCHES)

    def read(self, sentences: Iterable[Sentence]) -> Iterator[Unit]:
        """The sentences in order, read in batches as they are asked for."""
        sentences = iter(sentences)
        while batch := list(islice(sentences, next(self._batches, BATCHES[-1]))):
            yield from self._read(batch)

    def passages(self, texts: Sequence[str]) -> list[EncodedText | None]:
        """What is read in each passage as a whole; None for one without a word that can be read."""
        return self._services.encode(texts)

    def _read(self, batch: Sequence[Sentence]) -> Iterator[Unit]:
        wordy = [i for i, sentence in enumerate(batch) if not sentence.text.isspace()]
        encoded: list[EncodedText | None] = [None] * len(batch)
        for i, result in zip(wordy, self._services.encode([batch[i].text for i in wordy]), strict=True):
            encoded[i] = result
        for sentence, result in zip(batch, encoded, strict=True):
            yield self._unit(sentence, result)

    def _unit(self, sentence: Sentence, read: EncodedText | None) -> Unit:
        if read is None or read.evidence.fallback:
            vad = self.nothing.vad if read is None else read.vad
            return Unit(sentence, np.zeros(len(SCENES)), (vad.valence, vad.arousal, vad.dominance), 0.0)
        shares = {scene.scene: scene.score for scene in read.scenes}
        scenes = np.sqrt([max(0.0, shares.get(scene, 0.0)) for scene in SCENES])
        vad = read.vad
        return Unit(sentence, scenes, (vad.valence, vad.arousal, vad.dominance), read.evidence.score)
