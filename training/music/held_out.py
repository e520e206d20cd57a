"""Clips of `bal_train` as a released encoder's recipe hears them without having learned them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOODS
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips
from training.music.captioned import SPLIT, load_captioned
from training.music.config import RECIPES, MusicConfig
from training.music.facets import FOLDS, Asked, CaptionedClips, facets_across_folds, fold_of_video
from training.music.features import load_music_frames, mean_frames
from training.music.mood_rows import MoodRows, load_mood_rows
from training.music.recipes import fit_moods, mood_posterior, out_of_fold
from training.music.whitening import fit_projection

RECIPE_NOTE = "recipe"  # under which the manifest names it


@dataclass(frozen=True)
class HeldOut:
    """Mood rows and captioned clips, each as a model heard it that hadn't learned it."""

    rows: MoodRows
    heard_rows: EncodedClips
    captioned: CaptionedClips
    heard_captioned: EncodedClips


def held_out(artifact: Artifact, data_dir: Path) -> HeldOut:
    """The 421 mood rows and the 2,663 captioned clips.

    Moods of the rows are those of the cross-validation behind the artifact's quality; timbre is the
    artifact's own, which is learned without any mood.

    Raises:
        ArtifactError: if the `music_encoder` doesn't name a recipe of this build.
        DataError: if AudioSet or MusicCaps is missing or damaged.
    """
    config = _config(artifact)
    rows, captioned = load_mood_rows(data_dir, SPLIT), load_captioned(data_dir)
    music = load_music_frames(data_dir)
    timbre = fit_projection(music, "mean frames")

    def encode(asked: Asked, moods: NDArray[np.float32]) -> EncodedClips:
        across = facets_across_folds(captioned, rows, asked)
        return EncodedClips(
            moods,
            _probabilities(across.facets),
            _probabilities(across.traits),
            across.vad.astype(np.float32),
            timbre(mean_frames(asked.frames, asked.frame_counts)),
        )

    return HeldOut(
        rows,
        encode(rows, out_of_fold(config, rows, music)),
        captioned,
        encode(captioned, _moods_across_folds(config, rows, captioned, music)),
    )


def _config(artifact: Artifact) -> MusicConfig:
    recipe = artifact.manifest.notes.get(RECIPE_NOTE)
    for known in RECIPES:
        if recipe == known:
            return MusicConfig(recipe=known, seed=artifact.manifest.origin.seed, split=SPLIT)
    raise ArtifactError(f"{artifact.path}: made by one of {', '.join(RECIPES)}, the manifest says {recipe!r}")


def _moods_across_folds(
    config: MusicConfig, rows: MoodRows, captioned: CaptionedClips, music: NDArray[np.float32]
) -> NDArray[np.float32]:
    """<float32>[n, 7] moods of captioned clips by models that learned none of their videos."""
    fold, fold_of_row = fold_of_video(captioned.youtube_ids), fold_of_video(rows.youtube_ids)
    moods = np.empty((len(captioned), len(MOODS.names)), np.float32)
    for number in range(FOLDS):
        model = fit_moods(config, rows.take(fold_of_row != number), music)
        at = fold == number
        moods[at] = mood_posterior(model, captioned.frames[at], captioned.frame_counts[at])
    return moods


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    return (1 / (1 + np.exp(-logits))).astype(np.float32)
