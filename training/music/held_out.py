"""The mood rows of `bal_train` as a released encoder's recipe hears them without having learned them."""

from pathlib import Path

from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from training.music.config import RECIPES, MusicConfig
from training.music.encode import EncodedClips
from training.music.features import load_music_frames
from training.music.mood_rows import MoodRows, load_mood_rows
from training.music.recipes import out_of_fold

RECIPE_NOTE = "recipe"  # under which the manifest names it


def held_out_rows(artifact: Artifact, data_dir: Path) -> tuple[MoodRows, EncodedClips]:
    """The 421 mood rows, each encoded by a model of the artifact's recipe and seed that learned the others.

    Moods are those of the cross-validation behind the artifact's quality; timbre is the artifact's own.

    Raises:
        ArtifactError: if the `music_encoder` doesn't name a recipe of this build.
        DataError: if AudioSet is missing or damaged.
    """
    recipe = artifact.manifest.notes.get(RECIPE_NOTE)
    for known in RECIPES:
        if recipe == known:
            config = MusicConfig(recipe=known, seed=artifact.manifest.origin.seed, split="bal_train")
            rows = load_mood_rows(data_dir, "bal_train")
            return rows, out_of_fold(config, rows, load_music_frames(data_dir))
    raise ArtifactError(f"{artifact.path}: made by one of {', '.join(RECIPES)}, the manifest says {recipe!r}")
