"""Writes a trained text network and its mood space as the files of a `text_encoder`, and checks them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID
from training.regression.exporting import (
    TOLERANCE,
    Encode,
    Exportable,
    ExportError,
    Specs,
    export_model,
)
from training.regression.litert import MODEL_FILE, SIGNATURE, run_litert
from training.space.space import MoodSpace
from training.text.trained import (
    DISTRESS,
    EMBEDDING,
    EMOTIONS,
    MOOD,
    SCENES,
    TOKEN_IDS,
    VAD,
    Read,
    TrainedText,
    first_windows,
)

SPACE_FOLDER = "space"

# Tokens of the windows that LiteRT reads besides those of full length: half of the comments have no more than
# 16 tokens, and padding costs as much as words do.
SHORTER_WINDOWS = (8, 16, 24)

_CHECKED_TEXTS = 256  # on which the exports must agree with the network

# Largest differences allowed where LiteRT computes in floats: the space turns an embedding near the mean into
# a direction, and stretches its rounding errors with it.
_FLOAT_TOLERANCES = dict.fromkeys((EMOTIONS, SCENES, VAD, DISTRESS, EMBEDDING), TOLERANCE) | {MOOD: 1e-4}

# And where it computes in int8, of numbers of about that size.
_QUANTIZED_TOLERANCES = {
    EMOTIONS: 0.05,
    SCENES: 0.05,
    VAD: 0.02,
    DISTRESS: 0.05,
    MOOD: 0.1,
    EMBEDDING: 0.3,
}


def write_encoder(
    folder: Path, trained: TrainedText, space: MoodSpace, texts: Sequence[str]
) -> dict[str, float]:
    """Write the model's forms, tokenizer and mood space into an empty folder.

    Returns:
        Output -> the largest difference between LiteRT's model and the network on some of `texts`.

    Raises:
        ExportError: if an export strays from the network, or LiteRT's shorter windows from the whole ones.
    """
    model = Exportable(
        encode=_encode(trained.read, space),
        specs=_specs(trained.window),
        module=trained.module,
        tolerances=_QUANTIZED_TOLERANCES if trained.quantized else _FLOAT_TOLERANCES,
        lite_encode=_encode(trained.lite_read, space) if trained.lite_read else None,
        lite_signatures=_shorter(trained.window) if trained.lite_read else {},
        quantized=trained.quantized,
        lite_only=trained.lite_only,
    )
    windows = first_windows(trained.tokenizer, texts[:_CHECKED_TEXTS], trained.window)
    differences = export_model(model, folder, {TOKEN_IDS: windows})
    for signature, specs in model.lite_signatures.items():
        length = specs[TOKEN_IDS].shape[1]
        _check_shorter(folder / MODEL_FILE, windows, signature, length, model.tolerances)
    trained.tokenizer.save(folder)
    space.save(folder / SPACE_FOLDER)
    return differences


def _specs(window: int) -> Specs:
    return {TOKEN_IDS: tf.TensorSpec((None, window), tf.int32)}


def _shorter(window: int) -> dict[str, Specs]:
    """A signature for each shorter length."""
    return {f"{SIGNATURE}_{length}": _specs(length) for length in SHORTER_WINDOWS if length < window}


def _check_shorter(
    model: Path, windows: NDArray[np.int32], signature: str, length: int, tolerances: Mapping[str, float]
) -> None:
    """Compare what a signature says of the windows that it can hold with what the whole windows give."""
    held = windows[(windows[:, length:] == PAD_ID).all(axis=1)]
    whole = run_litert(model, {TOKEN_IDS: held})
    for name, rows in run_litert(model, {TOKEN_IDS: held[:, :length]}, signature).items():
        difference = float(np.abs(rows - whole[name]).max(initial=0))
        if not difference <= tolerances[name]:  # also catches NaN
            raise ExportError(f"{signature}: {name} differs by {difference:.2g} from the whole window's")


def _encode(read: Read, space: MoodSpace) -> Encode:
    def encode(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = read(token_ids)
        return outputs | {MOOD: space.query(outputs[SCENES], outputs[EMBEDDING])}

    return encode
