"""The music job: read AudioSet's mood rows, learn moods by a recipe, publish `music_encoder`."""

from pathlib import Path

import numpy as np

from ambiance.artifacts import MUSIC_ENCODER, Artifact, Description
from training.data.sources import data_dir, dataset_digests
from training.music.config import MusicConfig
from training.music.export import publish_encoder
from training.music.features import load_music_frames
from training.music.held_out import RECIPE_NOTE
from training.music.mood_rows import load_mood_rows, with_split
from training.music.quality import mood_quality
from training.music.recipes import fit_encoder, out_of_fold
from training.origin import describe_origin
from training.regression.exporting import vad_space


def run(config: MusicConfig, artifacts_root: Path, verbose: bool = False) -> Artifact:
    """Learn all mood rows of one split, measure by cross-validation inside it, publish the next version.

    Raises:
        DataError: if AudioSet is missing or damaged; names file and record.
        ExportError: if an export strays from the encoder.
    """
    folder = data_dir()
    config = with_split(config, folder)
    rows, music = load_mood_rows(folder, str(config.split)), load_music_frames(folder)
    quality = mood_quality(out_of_fold(config, rows, music, verbose), rows.moods)
    encoder = fit_encoder(config, rows, music, verbose)
    description = Description(
        kind=MUSIC_ENCODER,
        spaces=[vad_space()],
        counts={
            "parameters": encoder.mood_model.parameter_count,
            "training_clips": len(np.unique(rows.clip_ids)),
            "training_rows": len(rows),
            "music_clips": len(music),
        },
        origin=describe_origin(
            f"python -m training.music --recipe {config.recipe} --split {config.split}",
            config.seed,
            dataset_digests(folder, "audioset"),
        ),
        quality={f"{config.split}_cross_validation": quality},
        notes={RECIPE_NOTE: config.recipe},
    )
    return publish_encoder(artifacts_root, description, encoder, rows)
