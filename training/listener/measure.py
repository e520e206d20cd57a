"""What a listener would say of the answers: the benchmark's texts answered by a release, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, FACETS, MOODS, NO_SCENE, SCENES
from ambiance.fixed_queries import FALLBACK_FILE, MIN_EVIDENCE
from ambiance.placement import EncodedClips
from ambiance.placement.evidence import FACET_OF_MOOD
from training.index.calibrate import said_of
from training.listener.files import KINDS, REGISTERS, Benchmark
from training.metrics.bootstrap import RESAMPLES, interval, resample_counts
from training.metrics.search import nearest
from training.metrics.text_quality import scenes_told
from training.space.space import MoodSpace
from training.text.encode import TextReadings

TOP = 10  # answers to a text

_LIFT = "captions_fit_lift"  # a multiple of chance; the other figures are shares
_SEED = 3  # of the resampling
_NONE = SCENES.index(NO_SCENE)
_NEUTRAL = EMOTIONS.names.index("neutral")
_FACET_OF_MOOD = np.array([FACETS.index(FACET_OF_MOOD[mood]) for mood in MOODS.names])


@dataclass(frozen=True)
class Library:
    """Columns over n clips that may answer."""

    vectors: NDArray[np.float32]  # [n, d] placed in the mood space
    moods: NDArray[np.float32]  # [n, 7] posterior


@dataclass(frozen=True)
class Captioned:
    """Columns over n captioned clips, each as a model heard it that hadn't learned it."""

    clips: EncodedClips
    said: NDArray[np.bool_]  # [n, 12] facets that the captions name
    mains: NDArray[np.bool_]  # [n, 12] the facet heard most, as judged from the captions; none for a few


@dataclass(frozen=True)
class Listening:
    """One half of the benchmark, read and answered."""

    benchmark: Benchmark
    readings: TextReadings
    queries: NDArray[np.float32]  # [n, d] as served
    library: Library
    captioned: Library
    said: NDArray[np.bool_]  # [captioned clips, 12]
    mains: NDArray[np.bool_]  # [captioned clips, 12]

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """<int64>[n, 10] clips of the library."""
        return nearest(self.queries, self.library.vectors, TOP)

    @cached_property
    def caption_hits(self) -> NDArray[np.int64]:
        """<int64>[n, 10] captioned clips."""
        return nearest(self.queries, self.captioned.vectors, TOP)

    @property
    def _judged(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """<bool>[n, 12] facets that fit, and those that jar."""
        return self.benchmark.fits, self.benchmark.jars

    @cached_property
    def verdicts(self) -> Mapping[str, NDArray[np.float64]]:
        """Figure -> <float64>[n], one a text; the figure of a half is the mean."""
        strongest = _FACET_OF_MOOD[self.library.moods[self.hits].argmax(axis=2)]
        mood_fits, mood_jars = (np.take_along_axis(judged, strongest, axis=1) for judged in self._judged)
        fits, jars = said_of(self.mains[self.caption_hits], self.benchmark)
        said_fits, said_jars = said_of(self.said[self.caption_hits], self.benchmark)
        main_chances, said_chances = (
            [(heard[None] & wanted[:, None]).any(axis=2).mean(axis=1) for wanted in self._judged]
            for heard in (self.mains, self.said)
        )
        return {
            "listener_fit": fits.mean(axis=1),
            "listener_jar": jars.mean(axis=1),
            "listener_mostly_jarring": (jars.mean(axis=1) > 0.5).astype(float),
            "listener_fit_chance": main_chances[0],
            "listener_jar_chance": main_chances[1],
            "mood_fit": mood_fits.mean(axis=1),
            "mood_jar": mood_jars.mean(axis=1),
            "captions_fit": said_fits.mean(axis=1),
            "captions_fit_chance": said_chances[0],
            _LIFT: said_fits.mean(axis=1) / np.maximum(said_chances[0], 1e-9),
            "captions_jar": said_jars.mean(axis=1),
            "captions_jar_chance": said_chances[1],
            "scene_told": scenes_told(self.readings.scenes, self.benchmark.scenes).astype(float),
            "called_neutral": (self.readings.emotions.argmax(axis=1) == _NEUTRAL).astype(float),
            "fallback": (evidence(self.readings) < MIN_EVIDENCE).astype(float),
        }


def listen(
    benchmark: Benchmark,
    readings: TextReadings,
    space: MoodSpace,
    library: Library,
    captioned: Captioned,
    reference: NDArray[np.float32],
    seed: int,
) -> Listening:
    """Answer one half from the library, and from the captioned clips as a library of their own.

    Args:
        benchmark: the half.
        readings: its texts, read.
        space: of the queries.
        library: what the release may answer with.
        captioned: clips of which musicians told what they heard.
        reference: <float32>[m, d] queries of the texts that set prices.
        seed: of the prices.
    """
    clips = captioned.clips
    placed = Library(space.place(clips, reference, seed), clips.moods)
    queries = served_queries(readings, space)
    return Listening(benchmark, readings, queries, library, placed, captioned.said, captioned.mains)


def evidence(readings: TextReadings) -> NDArray[np.float32]:
    """<float32>[n] probability that each text tells of something felt."""
    return 1 - readings.scenes[:, _NONE]


def served_queries(readings: TextReadings, space: MoodSpace) -> NDArray[np.float32]:
    """<float32>[n, d] queries as the text service sends them: the fallback's where evidence is too little."""
    little = evidence(readings) < MIN_EVIDENCE
    return np.where(little[:, None], space.fixed_queries()[FALLBACK_FILE], readings.mood)


def means(listening: Listening) -> dict[str, float]:
    """Each figure of a half."""
    return {name: round(float(values.mean()), 6) for name, values in listening.verdicts.items()}


def intervals(listening: Listening, resamples: int = RESAMPLES) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each figure, with other texts."""
    weights = resample_counts(np.arange(len(listening.benchmark)), resamples, _SEED).astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    return {
        name: interval(float(values.mean()), weights @ values, np.inf if name == _LIFT else 1.0)
        for name, values in listening.verdicts.items()
    }


def breakdown(listening: Listening) -> dict[str, dict[str, dict[str, Any]]]:
    """The figures by scene (the stronger of two), kind and register."""
    benchmark = listening.benchmark
    first = [SCENES[scenes[0]] for scenes in benchmark.scenes]
    return {
        "scene": _by(listening, first, SCENES[:_NONE]),
        "kind": _by(listening, benchmark.kinds, KINDS),
        "register": _by(listening, benchmark.registers, REGISTERS),
    }


def _by(listening: Listening, groups: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    of_text = np.array(groups)
    return {
        name: {"texts": int((of_text == name).sum())}
        | {
            figure: round(float(values[of_text == name].mean()), 4)
            for figure, values in listening.verdicts.items()
        }
        for name in names
        if (of_text == name).any()
    }
