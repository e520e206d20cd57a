"""Writes a trained text network and its mood space as the files of a `text_encoder`, and checks them."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from training.regression.exporting import TOLERANCE, Encode, Exportable, export_model
from training.space.space import MoodSpace
from training.text.trained import EMBEDDING, EMOTIONS, MOOD, TOKEN_IDS, VAD, Read, TrainedText, first_windows

SPACE_FOLDER = "space"

_CHECKED_TEXTS = 256  # on which the exports must agree with the network

# Largest differences allowed where LiteRT computes in int8, of numbers of about that size.
_QUANTIZED_TOLERANCES = {EMOTIONS: 0.05, VAD: 0.02, MOOD: 0.1, EMBEDDING: 0.2}


def write_encoder(
    folder: Path, trained: TrainedText, space: MoodSpace, texts: Sequence[str]
) -> dict[str, float]:
    """Write SavedModel, LiteRT model, tokenizer and mood space into an empty folder.

    Returns:
        Output -> the largest difference between SavedModel and LiteRT model on some of `texts`.

    Raises:
        ExportError: if an export strays from the network.
    """
    outputs = (EMOTIONS, VAD, MOOD, EMBEDDING)
    model = Exportable(
        encode=_encode(trained.read, space),
        specs={TOKEN_IDS: tf.TensorSpec((None, trained.window), tf.int32)},
        module=trained.module,
        tolerances=_QUANTIZED_TOLERANCES if trained.quantized else dict.fromkeys(outputs, TOLERANCE),
        lite_encode=_encode(trained.lite_read, space) if trained.lite_read else None,
        quantized=trained.quantized,
    )
    examples = {TOKEN_IDS: first_windows(trained.tokenizer, texts[:_CHECKED_TEXTS], trained.window)}
    differences = export_model(model, folder, examples)
    trained.tokenizer.save(folder)
    space.save(folder / SPACE_FOLDER)
    return differences


def _encode(read: Read, space: MoodSpace) -> Encode:
    def encode(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = read(token_ids)
        return outputs | {MOOD: space.query(outputs[EMOTIONS], outputs[EMBEDDING])}

    return encode
