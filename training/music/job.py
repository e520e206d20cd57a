"""The music job: learn moods from AudioSet's mood rows and facets from captions, publish `music_encoder`."""

from pathlib import Path

import numpy as np

from ambiance.affect import READERS_VAD_LINEAGE, nrc_vad_lineage
from ambiance.artifacts import MUSIC_ENCODER, Artifact, Description
from training.data.sources import data_dir, dataset_digests
from training.music.captioned import SPLIT as CAPTIONED_SPLIT
from training.music.captioned import load_captioned
from training.music.config import MusicConfig
from training.music.export import publish_encoder
from training.music.facets import facets_across_folds
from training.music.features import load_music_frames
from training.music.held_out import RECIPE_NOTE
from training.music.mood_rows import load_mood_rows, with_split
from training.music.quality import facet_quality, mood_quality
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
    captioned, caption_rows = load_captioned(folder), load_mood_rows(folder, CAPTIONED_SPLIT)
    quality = mood_quality(out_of_fold(config, rows, music, verbose), rows.moods)
    facets = facet_quality(facets_across_folds(captioned, caption_rows, captioned), captioned)
    encoder = fit_encoder(config, rows, captioned, music, verbose)
    description = Description(
        kind=MUSIC_ENCODER,
        spaces=[vad_space(nrc_vad_lineage() if config.recipe == "seed" else READERS_VAD_LINEAGE)],
        counts={
            "parameters": encoder.mood_model.parameter_count + encoder.facet_model.parameter_count,
            "captioned_clips": len(captioned),
            "training_clips": len(np.unique(rows.clip_ids)),
            "training_rows": len(rows),
            "music_clips": len(music),
        },
        origin=describe_origin(
            f"python -m training.music --recipe {config.recipe} --split {config.split}",
            config.seed,
            dataset_digests(folder, "audioset", "musiccaps"),
        ),
        quality={
            f"{config.split}_cross_validation": quality,
            f"{CAPTIONED_SPLIT}_captions_cross_validation": facets,
        },
        notes={RECIPE_NOTE: config.recipe},
    )
    return publish_encoder(artifacts_root, description, encoder, rows)
