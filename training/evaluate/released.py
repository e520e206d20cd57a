"""Evaluates the released encoders on the splits that nothing else reads: GoEmotions test, AudioSet eval."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ambiance.artifacts import MUSIC_ENCODER, TEXT_ENCODER, load
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.evaluate.readings import Evaluation, evaluate
from training.music.encode import encode_vad as encode_clips
from training.music.mood_rows import load_mood_rows
from training.text.encode import encode_vad as encode_texts


@dataclass(frozen=True)
class ReleasedEvaluation:
    """Which versions were measured, on how much, and what came out."""

    versions: dict[str, int]  # kind -> version
    test_comments: int
    eval_mood_rows: int
    evaluation: Evaluation

    def summary(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return vars(self) | {"evaluation": self.evaluation.summary()}


def evaluate_released(artifacts_root: Path) -> ReleasedEvaluation:
    """Measure the newest text encoder and music encoder through LiteRT, as they are served.

    Raises:
        ArtifactError: if an encoder is missing or damaged.
        DataError: if a data set is.
    """
    text_encoder, music_encoder = (load(artifacts_root, kind) for kind in (TEXT_ENCODER, MUSIC_ENCODER))
    comments = load_comments(data_dir(), "test")
    rows = load_mood_rows(data_dir(), "eval")
    evaluation = evaluate(
        encode_texts(text_encoder, comments.texts),
        comments.labels,
        encode_clips(music_encoder, rows.frames, rows.frame_counts),
        rows.moods,
    )
    versions = {a.manifest.kind: a.manifest.version for a in (text_encoder, music_encoder)}
    return ReleasedEvaluation(versions, len(comments), len(rows), evaluation)
