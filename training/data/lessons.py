"""Everything that a text model learns from: several corpora, of which each knows some of what it is to tell.

GoEmotions tells emotions, XED and GoEmotions which scenes a text may be of, EmoBank how it moves readers. The
written corpus tells which scene a text is of, as do judgements of many sentences of the three; the distress
sentences tell whether somebody is in danger.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, NO_SCENE, SCENES
from training.data.emobank import load_emobank
from training.data.goemotions import Comments, load_comments
from training.data.judged import load_judged
from training.data.written import DistressSentences, WrittenSentences, load_distress, load_written
from training.data.xed import PLUTCHIK, DialogueLines, load_xed

DATASETS = ("goemotions", "xed", "emobank")  # besides what was written for this project

EMOTION, SCENE, VAD, DISTRESS = slice(0, 28), slice(28, 49), slice(49, 52), slice(52, 53)
WIDTH = 53  # columns of what a text model is to tell, all in [0, 1]

# Which scenes a text of an emotion may be of; where an emotion says nothing of it, there is no entry. A text
# is not thereby of the others in the list: a model is right to choose any of them.
SCENES_OF_EMOTION: Mapping[str, tuple[str, ...]] = {
    "admiration": ("awe", "gratitude", "joy", "tenderness", "triumph"),
    "amusement": ("comedy",),
    "anger": ("anger",),
    "annoyance": ("anger", "disgust"),
    "caring": ("tenderness", "hope"),
    "desire": ("longing", "romance", "excitement", "hope"),
    "disappointment": ("melancholy", "grief"),
    "disapproval": ("anger", "disgust"),
    "disgust": ("disgust",),
    "embarrassment": ("shame", "comedy"),
    "excitement": ("excitement", "joy"),
    "fear": ("fear", "suspense"),
    "gratitude": ("gratitude",),
    "grief": ("grief",),
    "joy": ("joy", "excitement", "calm"),
    "love": ("romance", "tenderness", "joy"),
    "nervousness": ("fear", "suspense", "shame"),
    "optimism": ("hope",),
    "pride": ("triumph",),
    "relief": ("hope", "calm", "joy"),
    "remorse": ("shame", "melancholy"),
    "sadness": ("melancholy", "grief", "longing"),
    "neutral": (NO_SCENE,),
}
SCENES_OF_PLUTCHIK: Mapping[str, tuple[str, ...]] = {
    "anger": ("anger", "disgust"),
    "anticipation": ("excitement", "suspense", "hope", "longing", "action"),
    "disgust": ("disgust", "anger"),
    "fear": ("fear", "suspense", "action"),
    "joy": ("joy", "excitement", "romance", "tenderness", "gratitude", "comedy", "triumph", "calm", "hope"),
    "sadness": ("grief", "melancholy", "longing", "shame", "nostalgia"),
    "surprise": ("awe", "excitement", "fear", "suspense", "comedy"),
    "trust": ("tenderness", "romance", "gratitude", "hope", "calm", "triumph"),
}

MIXED_SHARE = 0.6  # of the first of two scenes

# How much a corpus's word on the scene weighs, beside the written corpus's 1. Annotators of films and forums
# were asked for emotions, and called neutral what tells a reader of something all the same.
_SCENE_WEIGHT = 0.5
_NEUTRAL_SCENE_WEIGHT = 0.1
_JUDGED_NONE_WEIGHT = 0.3  # most sentences of news and forums tell of nothing, few that a reader sends do
_PRESUMED_SAFE_WEIGHT = 0.2  # of a text that nobody read for distress


@dataclass(frozen=True)
class Lessons:
    """Columns over n texts; `targets` and `weights` are <float32>[n, WIDTH], a weight of 0 says unknown."""

    texts: tuple[str, ...]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]  # the same within each of the four slices
    open_scenes: NDArray[np.bool_]  # [n] the scenes of a text are those that it may be of, each marked 1

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Lessons":
        """Texts by index, or by mask."""
        at = np.arange(len(self))[rows]
        texts = tuple(self.texts[i] for i in at)
        return Lessons(texts, self.targets[at], self.weights[at], self.open_scenes[at])

    @property
    def tells_scene(self) -> NDArray[np.bool_]:
        """[n] whether somebody told a text's scene outright, rather than which it may be of."""
        return (self.weights[:, SCENE.start] > 0) & ~self.open_scenes

    @property
    def are_written(self) -> NDArray[np.bool_]:
        """[n] whether a text was written for this project: no annotator told its emotion."""
        return (self.weights[:, DISTRESS.start] > 0) & (self.weights[:, EMOTION.start] == 0)

    @property
    def are_annotated(self) -> NDArray[np.bool_]:
        """[n] whether a public corpus's annotators told what is told; the others are this project's own."""
        return ~self.are_written & ~self.tells_scene

    @property
    def digest(self) -> str:
        """SHA-256 of all texts and what is told of them."""
        digest = hashlib.sha256()
        for text in self.texts:
            digest.update(f"{len(text)} {text}".encode())
        for column in (self.targets, self.weights, self.open_scenes):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def load_lessons(data_dir: Path) -> Lessons:
    """All of the corpora's training parts, in a fixed order.

    Raises:
        DataError: if one is missing or damaged; names file and line.
    """
    comments, dialogue = load_comments(data_dir, "train"), load_xed(data_dir)
    emobank = load_emobank(data_dir, "train")
    texts_of = {"goemotions": comments.texts, "xed": dialogue.texts, "emobank": emobank.texts}
    return join(
        [
            of_comments(comments),
            of_dialogue(dialogue),
            of_ratings(emobank.texts, emobank.vad),
            *(of_judged(texts, load_judged(corpus, texts)) for corpus, texts in texts_of.items()),
            of_written(load_written()),
            of_distress(load_distress()),
        ]
    )


def join(parts: Sequence[Lessons]) -> Lessons:
    """One after the other."""
    return Lessons(
        tuple(text for part in parts for text in part.texts),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("targets", "weights", "open_scenes")
        ),
    )


def of_comments(comments: Comments) -> Lessons:
    """GoEmotions: emotions, and which scenes they allow."""
    lessons = _blank(comments.texts)
    allowed = _allowed(EMOTIONS.names, SCENES_OF_EMOTION)
    neutral = EMOTIONS.names.index("neutral")
    for row, labels in enumerate(comments.labels):
        lessons.targets[row, EMOTION][list(labels)] = 1
        felt = [label for label in labels if label != neutral]
        lessons.targets[row, SCENE] = allowed[felt or [neutral]].max(axis=0)
        lessons.weights[row, SCENE] = _SCENE_WEIGHT if felt else _NEUTRAL_SCENE_WEIGHT
    lessons.weights[:, EMOTION] = 1
    lessons.weights[:, DISTRESS] = _PRESUMED_SAFE_WEIGHT
    return _opened(lessons)


def of_dialogue(dialogue: DialogueLines) -> Lessons:
    """XED: which scenes its emotions allow."""
    lessons = _blank(dialogue.texts)
    allowed = _allowed(PLUTCHIK, SCENES_OF_PLUTCHIK)
    for row, labels in enumerate(dialogue.labels):
        if labels:
            lessons.targets[row, SCENE] = allowed[list(labels)].max(axis=0)
        else:
            lessons.targets[row, SCENE][SCENES.index(NO_SCENE)] = 1
        lessons.weights[row, SCENE] = _SCENE_WEIGHT if labels else _NEUTRAL_SCENE_WEIGHT
    return _opened(lessons)


def of_ratings(texts: Sequence[str], vad: NDArray[np.float32]) -> Lessons:
    """EmoBank: valence, arousal and dominance."""
    lessons = _blank(texts)
    lessons.targets[:, VAD], lessons.weights[:, VAD] = vad, 1
    return lessons


def of_judged(texts: Sequence[str], judged: Mapping[int, tuple[int, ...]]) -> Lessons:
    """Sentences of a public corpus, by row: the scene, or two, that a reader of it named."""
    lessons = _of_scenes([texts[row] for row in judged], list(judged.values()))
    none = lessons.targets[:, SCENE.start + SCENES.index(NO_SCENE)] == 1
    lessons.weights[none, SCENE] = _JUDGED_NONE_WEIGHT
    return lessons


def of_written(written: WrittenSentences) -> Lessons:
    """Our own corpus: the scene, or the two scenes of a mixed text."""
    lessons = _of_scenes(written.texts, written.scenes)
    lessons.weights[:, DISTRESS] = _PRESUMED_SAFE_WEIGHT
    return lessons


def _of_scenes(texts: Sequence[str], scenes_of: Sequence[tuple[int, ...]]) -> Lessons:
    lessons = _blank(texts)
    for row, scenes in enumerate(scenes_of):
        shares = (1.0,) if len(scenes) == 1 else (MIXED_SHARE, 1 - MIXED_SHARE)
        lessons.targets[row, SCENE][list(scenes)] = shares
    lessons.weights[:, SCENE] = 1
    return lessons


def of_distress(sentences: DistressSentences) -> Lessons:
    """Our own sentences of people in danger, and those that only sound alike."""
    lessons = _blank(sentences.texts)
    lessons.targets[:, DISTRESS] = np.array(sentences.distress, np.float32)[:, None]
    lessons.weights[:, DISTRESS] = 1
    return lessons


def _blank(texts: Sequence[str]) -> Lessons:
    targets, weights = (np.zeros((len(texts), WIDTH), np.float32) for _ in range(2))
    return Lessons(tuple(texts), targets, weights, np.zeros(len(texts), np.bool_))


def _opened(lessons: Lessons) -> Lessons:
    """What allows scenes without naming one; texts that allow none don't tell of scenes at all."""
    none = ~lessons.targets[:, SCENE].any(axis=1)
    lessons.weights[none, SCENE] = 0
    lessons.open_scenes[~none] = True
    return lessons


def _allowed(names: Sequence[str], table: Mapping[str, tuple[str, ...]]) -> NDArray[np.float32]:
    """<float32>[names, scenes] 1 where a label allows a scene."""
    allowed = np.zeros((len(names), len(SCENES)), np.float32)
    for row, name in enumerate(names):
        allowed[row, [SCENES.index(scene) for scene in table.get(name, ())]] = 1
    return allowed
