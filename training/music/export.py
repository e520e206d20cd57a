"""Publishes a trained music network: SavedModel and LiteRT model in one version folder."""

from pathlib import Path

import keras

from ambiance.artifacts import Artifact, Description, publish
from training.music.mood_rows import MoodRows
from training.regression.exporting import export_model

_CHECKED_ROWS = 64  # on which the exports must agree with the network


def publish_encoder(
    artifacts_root: Path, description: Description, model: keras.Model, rows: MoodRows
) -> Artifact:
    """Write and check the exports on some of `rows`, then put the next version in place.

    Raises:
        ExportError: if an export strays from the network; nothing is published then.
    """
    examples = {name: column[:_CHECKED_ROWS] for name, column in rows.inputs.items()}
    return publish(artifacts_root, description, lambda folder: export_model(model, folder, examples))
