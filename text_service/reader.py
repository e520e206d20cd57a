"""Reads texts, free of gRPC: text -> windows -> model -> one answer per text, its scores in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE, VAD_SPACE
from ambiance.pooling import DISTRESS_OUTPUT, EMOTIONS_OUTPUT, SCENES_OUTPUT, pool
from ambiance.tokenizer import Encoding, TextTokenizer
from text_service.evidence import Evidence, EvidenceJudge
from text_service.fixed_vectors import FixedVectors
from text_service.influences import Influence, word_influences
from text_service.windows import IsWanted, Outputs, WindowEncoder, always


@dataclass(frozen=True)
class Ranked:
    """Scores of n texts in descending order, equal ones by label."""

    labels: NDArray[np.int64]  # [n, labels]
    scores: NDArray[np.float32]  # [n, labels] in the order of `labels`

    def of(self, row: int) -> Iterable[tuple[int, float]]:
        """The labels of one text, each with its score, in their order."""
        return zip(self.labels[row].tolist(), self.scores[row].tolist(), strict=True)


@dataclass(frozen=True)
class Reading:
    """What was read in n texts, in their order, and what is to be answered."""

    emotions: Ranked  # a row sums to 1
    scenes: Ranked  # a row sums to 1
    facets: Ranked  # weights, above 0 what fits
    evidence: Sequence[Evidence]  # [n]
    distressed: Sequence[bool]  # [n] whether it seems to speak of self-harm; "mood" is the gentle vector then
    outputs: Outputs  # <float32>[n, width] by name; "vad" lies in [0, 1], "mood" may be a fixed vector

    def is_fallback(self, row: int) -> bool:
        """Whether a text's "mood" is the vector of the fallback."""
        return self.evidence[row].reason is not None and not self.distressed[row]


class TextReader:
    """Reads the emotion in texts with a tokenizer and a model made for each other."""

    def __init__(
        self,
        tokenizer: TextTokenizer,
        encoder: WindowEncoder,
        judge: EvidenceJudge,
        fixed: FixedVectors,
        distress_threshold: float,
    ) -> None:
        """Take a model's parts, and what decides which texts are answered with a fixed vector.

        Args:
            tokenizer: of the model.
            encoder: the model.
            judge: of the same tokenizer.
            fixed: vectors in the model's space "mood".
            distress_threshold: probability from which on a text gets the gentle vector; above 1 none does.
        """
        self._tokenizer, self._encoder = tokenizer, encoder
        self._judge, self._fixed, self._distress_threshold = judge, fixed, distress_threshold
        self._window = encoder.signature.window

    def tokenize(self, text: str) -> Encoding:
        """Split a text into windows; none if it has no word."""
        return self._tokenizer.encode(text, self._window)

    def read(
        self,
        texts: Sequence[str],
        encodings: Sequence[Encoding],
        timeout_s: float,
        is_wanted: IsWanted = always,
    ) -> Reading:
        """Read texts that have at least one window each; `encodings` are the texts' own.

        A text's reading doesn't depend on the texts around it, to the bit.

        Raises:
            as `WindowEncoder.encode`.
        """
        windows = np.concatenate([encoding.windows for encoding in encodings])
        outputs = pool(self._encoder.encode(windows, timeout_s, is_wanted), encodings)
        outputs[VAD_SPACE] = outputs[VAD_SPACE].clip(0, 1)  # rounding may exceed the range by a hair
        evidence = self._judge.judge(texts, outputs[SCENES_OUTPUT])
        distressed = [value >= self._distress_threshold for (value,) in outputs[DISTRESS_OUTPUT].tolist()]
        outputs[MOOD_SPACE] = self._answered(outputs[MOOD_SPACE], evidence, distressed)
        return Reading(
            _ranked(outputs[EMOTIONS_OUTPUT]),
            _ranked(outputs[SCENES_OUTPUT]),
            _ranked(outputs[MOOD_SPACE][:, : len(FACETS)]),
            evidence,
            distressed,
            outputs,
        )

    def _answered(
        self, mood: NDArray[np.float32], evidence: Sequence[Evidence], distressed: Sequence[bool]
    ) -> NDArray[np.float32]:
        """<float32>[n, dimension] the vector to answer each text with: the one read, or a fixed one."""
        too_little = [each.reason is not None for each in evidence]
        if not any(too_little) and not any(distressed):
            return mood
        mood = mood.copy()  # a backend may answer with memory that can't be written to
        mood[too_little] = self._fixed.fallback
        mood[list(distressed)] = self._fixed.gentle
        return mood

    def explain(
        self,
        texts: Sequence[str],
        encodings: Sequence[Encoding],
        timeout_s: float,
        is_wanted: IsWanted = always,
    ) -> list[list[Influence]]:
        """The words that moved the emotion of each text most; `encodings` are the texts' own.

        Raises:
            as `WindowEncoder.encode`.
        """
        offsets = [self._tokenizer.offsets(text) for text in texts]

        def read(windows: NDArray[np.int32]) -> Outputs:
            return self._encoder.encode(windows, timeout_s, is_wanted)

        return word_influences(texts, encodings, offsets, read)


def _ranked(scores: NDArray[np.float32]) -> Ranked:
    labels = (-scores).argsort(axis=1, kind="stable")
    rows = np.arange(len(scores))[:, None]
    return Ranked(labels, scores[rows, labels])  # np.take_along_axis takes four times as long
