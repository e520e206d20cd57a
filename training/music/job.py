"""The music job: read AudioSet's mood rows, train the seed's network, publish `music_encoder`."""

from pathlib import Path

import numpy as np

from ambiance.artifacts import MUSIC_ENCODER, Artifact, Description
from training.data.sources import data_dir, dataset_digests
from training.music.config import MusicConfig
from training.music.export import publish_encoder
from training.music.mood_rows import load_mood_rows, with_split
from training.music.train import cross_validate, train
from training.origin import describe_origin
from training.regression.exporting import vad_space


def run(config: MusicConfig, artifacts_root: Path, verbose: bool = False) -> Artifact:
    """Train on all mood rows of one split, measure by cross-validation inside it, publish the next version.

    Raises:
        DataError: if AudioSet is missing or damaged; names file and record.
        ExportError: if an export strays from the network.
    """
    folder = data_dir()
    config = with_split(config, folder)
    rows = load_mood_rows(folder, str(config.split))
    quality = {f"{config.split}_cross_validation": cross_validate(config, rows, verbose).summary()}
    model = train(config, rows, verbose)
    description = Description(
        kind=MUSIC_ENCODER,
        spaces=[vad_space()],
        counts={
            "parameters": model.count_params(),
            "training_clips": len(np.unique(rows.clip_ids)),
            "training_rows": len(rows),
        },
        origin=describe_origin(
            f"python -m training.music --recipe {config.recipe} --split {config.split}",
            config.seed,
            dataset_digests(folder, "audioset"),
        ),
        quality=quality,
    )
    return publish_encoder(artifacts_root, description, model, rows)
