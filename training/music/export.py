"""Publishes a trained music encoder: SavedModel and LiteRT model in one version folder."""

from pathlib import Path

import tensorflow as tf

from ambiance.artifacts import Artifact, Description, publish
from ambiance.placement.encoded_clips import OUTPUTS
from training.data.audioset import FEATURES
from training.data.audioset import FRAMES as CLIP_FRAMES
from training.music.mood_rows import FRAME_COUNTS, FRAMES, MoodRows
from training.music.recipes import MusicEncoder
from training.regression.exporting import TOLERANCE, Exportable, export_model

_CHECKED_ROWS = 64  # on which the exports must agree with the encoder


def publish_encoder(
    artifacts_root: Path, description: Description, encoder: MusicEncoder, rows: MoodRows
) -> Artifact:
    """Write and check the exports on some of `rows`, then put the next version in place.

    Raises:
        ExportError: if an export strays from the encoder; nothing is published then.
    """
    examples = {name: column[:_CHECKED_ROWS] for name, column in rows.inputs.items()}
    model = Exportable(
        encode=encoder,
        specs={
            FRAMES: tf.TensorSpec((None, CLIP_FRAMES, FEATURES), tf.uint8),
            FRAME_COUNTS: tf.TensorSpec((None,), tf.int32),
        },
        module=encoder.module,
        tolerances=dict.fromkeys(OUTPUTS, TOLERANCE),
    )

    def write_files(folder: Path) -> None:
        export_model(model, folder, examples)

    return publish(artifacts_root, description, write_files)
