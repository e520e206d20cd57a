"""The text job: read GoEmotions, train the seed's network, measure it on dev, publish `text_encoder`."""

from pathlib import Path

from ambiance.artifacts import TEXT_ENCODER, Artifact, Description
from training.data.goemotions import load_comments
from training.data.sources import data_dir, dataset_digests
from training.evaluate.readings import count_emotions
from training.origin import describe_origin
from training.regression.exporting import vad_space
from training.text.config import TextConfig
from training.text.export import publish_encoder
from training.text.train import train


def run(config: TextConfig, artifacts_root: Path, verbose: bool = False) -> Artifact:
    """Train on the train split, measure on dev (never on test), publish the next version.

    Raises:
        DataError: if GoEmotions is missing or damaged; names file and line.
        ExportError: if an export strays from the network.
    """
    folder = data_dir()
    comments, dev = (load_comments(folder, split) for split in ("train", "dev"))
    trained = train(config, comments, verbose)
    description = Description(
        kind=TEXT_ENCODER,
        spaces=[vad_space()],
        counts={
            "vocabulary_tokens": len(trained.tokenizer.vocabulary),
            "parameters": trained.model.count_params(),
            "training_comments": len(comments),
        },
        origin=describe_origin(
            f"python -m training.text --recipe {config.recipe} --sample-weights {config.sample_weights}",
            config.seed,
            dataset_digests(folder, "goemotions"),
        ),
        quality={"goemotions_dev": count_emotions(trained.predict(dev), dev.labels).summary()},
    )
    return publish_encoder(artifacts_root, description, trained, dev.texts)
