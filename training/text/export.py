"""Publishes a trained text network: SavedModel, LiteRT model and vocabulary in one version folder."""

from collections.abc import Sequence
from pathlib import Path

from ambiance.artifacts import Artifact, Description, publish
from training.regression.exporting import export_model
from training.text.train import TrainedText
from training.text.windows import TOKEN_IDS, first_windows

_CHECKED_TEXTS = 256  # on which the exports must agree with the network


def publish_encoder(
    artifacts_root: Path, description: Description, trained: TrainedText, texts: Sequence[str]
) -> Artifact:
    """Write and check the exports on some of `texts`, then put the next version in place.

    Raises:
        ExportError: if an export strays from the network; nothing is published then.
    """
    examples = {TOKEN_IDS: first_windows(trained.tokenizer, texts[:_CHECKED_TEXTS])}

    def write_files(folder: Path) -> None:
        export_model(trained.model, folder, examples)
        trained.tokenizer.save(folder)

    return publish(artifacts_root, description, write_files)
