"""Lessons in small: every corpus that text models learn from, as files, each a few dozen texts."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ambiance.affect import EMOTIONS, NO_SCENE, SCENES
from training.data import lessons
from training.data.written import DistressSentences, WrittenSentences

COMMENTS = 56  # in each split: each emotion twice
DIALOGUE = 18  # lines, each of Plutchik's emotions twice and two neutral ones
RATED = {"train": 24, "dev": 12}
JUDGEMENTS = ("joy",), (NO_SCENE,), ("grief", "hope")  # of the same three sentences of each public corpus
JUDGED_ROWS = (1, 3, 5)
JUDGED = 3 * len(JUDGEMENTS)
WRITTEN = 2 * len(SCENES)
DISTRESS = 8
LESSONS = COMMENTS + DIALOGUE + RATED["train"] + JUDGED + WRITTEN + DISTRESS

_PLUTCHIK = ("anger", "hope", "disgust", "fear", "joy", "sadness", "surprise", "love")


def write_corpora(folder: Path) -> None:
    """GoEmotions, XED and EmoBank, where each text names what is told of it."""
    write_goemotions(folder)
    write_xed(folder)
    write_emobank(folder)


def write_goemotions(folder: Path) -> None:
    """56 comments a split, each naming its emotion."""
    (folder / "goemotions").mkdir()
    lines = [f"a {EMOTIONS.names[i % 28]} day\t{i % 28}\tid{i}\n" for i in range(COMMENTS)]
    for split in ("train", "dev", "test"):
        (folder / "goemotions" / f"{split}.tsv").write_text("".join(lines))
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names) + "\n")


def write_xed(folder: Path) -> None:
    """Two lines of each emotion and two neutral ones."""
    (folder / "xed").mkdir()
    lines = [f"what {_PLUTCHIK[i % 8]}\t{i % 8 + 1}\n" for i in range(DIALOGUE - 2)]
    (folder / "xed" / "en-annotated.tsv").write_text("".join(lines))
    (folder / "xed" / "neu_en.txt").write_text("9\tanother day\n9\tthe day\t\t\n\t\t\n")


def write_emobank(folder: Path) -> None:
    """Valence, arousal and dominance in every combination of low and high, as words say."""
    (folder / "emobank").mkdir()
    rows = ["id,split,V,A,D,text"]
    for split, count in RATED.items():
        for i in range(count):
            ratings = [2 + 2 * (i >> axis & 1) for axis in range(3)]
            words = [f"{axis}{rating}" for axis, rating in zip("vad", ratings, strict=True)] + ["day"] * (
                i % 5
            )
            rows.append(f'{split}{i},{split},{",".join(map(str, ratings))},"{" ".join(words)}, today"')
    (folder / "emobank" / "emobank-train-dev.csv").write_text("\n".join(rows) + "\n")


def small_judged(corpus: str, texts: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """Three sentences of a corpus: of a scene, of none, of two."""
    scenes = (tuple(map(SCENES.index, names)) for names in JUDGEMENTS)
    return dict(zip(JUDGED_ROWS, scenes, strict=True))


def small_written() -> WrittenSentences:
    """Two sentences of each scene."""
    scenes = [i % len(SCENES) for i in range(WRITTEN)]
    texts = tuple(f"{SCENES[scene]} day {row}" for row, scene in enumerate(scenes))
    return WrittenSentences(texts, tuple((scene,) for scene in scenes), ("narration",) * WRITTEN)


def small_words() -> WrittenSentences:
    """The name of each scene, which points to it."""
    return WrittenSentences(SCENES, tuple((i,) for i in range(len(SCENES))), ("words",) * len(SCENES))


def small_distress() -> DistressSentences:
    """Every other one of somebody in danger."""
    flags = tuple(i % 2 == 0 for i in range(DISTRESS))
    return DistressSentences(
        tuple(f"{'danger' if flag else 'safe'} {i}" for i, flag in enumerate(flags)), flags
    )


def use_small_corpora(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let jobs read the files of `write_corpora` in a folder, and small judgements and corpora of our own."""
    patch.setenv("AMBIANCE_DATA", str(folder))
    patch.setattr(lessons, "load_judged", small_judged)
    patch.setattr(lessons, "load_written", small_written)
    patch.setattr(lessons, "load_distress", small_distress)
