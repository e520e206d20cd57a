"""What is counted of the cues of a text. Each figure is two numbers whose sums over texts are divided."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ambiance.limits import DEFAULT_WORDS_PER_MINUTE
from ambiance.music.v1 import clip_pb2
from soundtrack.boundaries import Counts, agreement, pk, stray, window_diff
from soundtrack.figures import RECENT
from soundtrack.hearing import Ear, facet_scores, vad
from soundtrack.sentences import Measured
from soundtrack.texts import LongText, Scene
from soundtrack.ways import Cue


def count(story: LongText, text: Measured, cues: Sequence[Cue], main: Ear, mood: Ear) -> dict[str, Counts]:
    """Every figure of one text, by key.

    Args:
        story: the text and its scenes.
        text: the same, with its sentences.
        cues: what plays, in order.
        main: tells a clip's main facet.
        mood: tells the facet of its mood.
    """
    known = [text.sentence_at(scene.start) for scene in story.scenes[1:]]
    changes = [(one, other) for one, other in pairwise(cues) if _id(one) != _id(other)]
    found = [text.sentence_at(other.start) for _, other in changes]
    strays = stray(known, found)
    minutes = len(text.word_starts) / DEFAULT_WORDS_PER_MINUTE
    sentences = len(text.sentence_starts)
    stray_movement = sum(
        _distance(one.clip, other.clip) for (one, other), away in zip(changes, strays, strict=True) if away
    )
    return {
        **agreement(known, found),
        "pk": pk(known, found, sentences),
        "window_diff": window_diff(known, found, sentences),
        **_judged("", story, text, cues, main),
        **_judged("mood_", story, text, cues, mood),
        **_jumps(cues),
        "stray_changes": (float(sum(strays)), minutes),
        "stray_movement": (stray_movement, minutes),
        "repeats": (float(_repeats(cues)), float(len(cues))),
        "cues": (float(len(cues)), minutes),
        "changes": (float(len(changes)), minutes),
        "silence": (
            float(sum(text.words(cue.start, cue.end) for cue in cues if cue.clip is None)),
            float(len(text.word_starts)),
        ),
    }


def _judged(prefix: str, story: LongText, text: Measured, cues: Sequence[Cue], ear: Ear) -> dict[str, Counts]:
    """Words read while what is heard fits the scene, and while it jars, of all words."""
    fits = jars = 0
    for cue, scene in _overlaps(cues, story.scenes):
        facet = None if cue.clip is None else ear(cue.clip)
        words = text.words(max(cue.start, scene.start), min(cue.end, scene.end))
        fits += words * (facet in scene.fits)
        jars += words * (facet in scene.jars)
    total = float(len(text.word_starts))
    return {f"{prefix}fit": (float(fits), total), f"{prefix}jar": (float(jars), total)}


def _overlaps(cues: Sequence[Cue], scenes: Sequence[Scene]) -> Iterator[tuple[Cue, Scene]]:
    """Each cue with each scene that some of it plays to."""
    for cue in cues:
        for scene in scenes:
            if cue.start < scene.end and scene.start < cue.end:
                yield cue, scene


def _jumps(cues: Sequence[Cue]) -> dict[str, Counts]:
    pairs = list(pairwise(cues))
    facets = [_distance(one.clip, other.clip) for one, other in pairs]
    moved = [_vad_distance(one.clip, other.clip) for one, other in pairs]
    return {
        "jump": (sum(facets), float(len(pairs))),
        "largest_jump": (max(facets, default=0.0), 1.0),
        "vad_jump": (sum(moved), float(len(pairs))),
        "largest_vad_jump": (max(moved, default=0.0), 1.0),
    }


def _repeats(cues: Sequence[Cue]) -> int:
    repeats = 0
    for i, cue in enumerate(cues):
        if cue.clip is None or (i and _id(cues[i - 1]) == cue.clip.id):
            continue
        recent = [other.clip for other in cues[max(0, i - RECENT) : i] if other.clip is not None]
        repeats += any(cue.clip.id == other.id or cue.clip.youtube_id == other.youtube_id for other in recent)
    return repeats


def _id(cue: Cue) -> str | None:
    return None if cue.clip is None else cue.clip.id


def _distance(one: clip_pb2.Clip | None, other: clip_pb2.Clip | None) -> float:
    """Euclidean, of facets; 0 to and from silence."""
    if one is None or other is None:
        return 0.0
    return float(np.linalg.norm(facet_scores(one) - facet_scores(other)))


def _vad_distance(one: clip_pb2.Clip | None, other: clip_pb2.Clip | None) -> float:
    if one is None or other is None:
        return 0.0
    return float(np.linalg.norm(vad(one) - vad(other)))
