"""Writes a trained model in the two forms that are served, and proves that both say what it said.

The folder becomes a servable of TensorFlow Serving (`saved_model.pb`, `variables/`) that also holds
`model.tflite` for LiteRT. Both take the model's inputs by name and return `vad`.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ambiance.affect import VAD_AXES, VAD_SPACE, vad_lineage
from ambiance.artifacts import Space
from ambiance.errors import AmbianceError
from training.regression.litert import MODEL_FILE, OUTPUT, SIGNATURE, run_litert

TOLERANCE = 1e-5  # largest difference of a VAD component between the model and an export of it

Inputs = Mapping[str, NDArray[Any]]


class ExportError(AmbianceError):
    """Raised when an export doesn't reproduce the model it was made from."""


def vad_space() -> Space:
    """The space that an encoder of either kind writes."""
    return Space(name=VAD_SPACE, dimension=len(VAD_AXES), metric="squared_l2", lineage=vad_lineage())


def export_model(model: keras.Model, folder: Path, examples: Inputs) -> None:
    """Write both forms into a folder, reload them from there, and compare them on example inputs.

    Raises:
        ExportError: naming the form and the batch size at which it strays by more than TOLERANCE.
    """
    encode = _encode_function(model)
    module = tf.Module()
    module.variables_ = [variable.value for variable in model.variables]
    tf.saved_model.save(module, folder, {SIGNATURE: encode, "serving_default": encode})
    (folder / MODEL_FILE).write_bytes(_convert(encode))
    _check(model, folder, examples)


def _encode_function(model: keras.Model) -> Any:
    """Trace model inputs by name -> {"vad": <float32>[n, 3]}, for any n."""
    specs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}

    def encode(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: model(inputs, training=False)}

    return tf.function(encode).get_concrete_function(**specs)


def _convert(encode: Any) -> bytes:
    # LiteRT fails at run time on variables (READ_VARIABLE), so they become constants first. The detour
    # over a SavedModel keeps the signature, which converting the frozen function directly would lose.
    frozen = convert_variables_to_constants_v2(encode)
    specs = {tensor.name.split(":")[0]: tensor for tensor in frozen.inputs}

    def encode_frozen(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: frozen(*(inputs[name] for name in specs))[0]}

    signature = tf.function(encode_frozen).get_concrete_function(
        **{name: tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in specs.items()}
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, {SIGNATURE: signature})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        converted: bytes = converter.convert()
        return converted


def _check(model: keras.Model, folder: Path, examples: Inputs) -> None:
    """Compare both forms with the model at batch size 1 and on all examples."""
    saved_model = tf.saved_model.load(folder).signatures[SIGNATURE]
    forms: dict[str, Callable[[Inputs], NDArray[np.float32]]] = {
        "SavedModel": lambda batch: saved_model(**_tensors(batch))[OUTPUT].numpy(),
        MODEL_FILE: lambda batch: run_litert(folder / MODEL_FILE, batch),
    }
    first = {name: column[:1] for name, column in examples.items()}
    for batch in (first, examples):
        expected = model(_tensors(batch), training=False).numpy()
        for form, encode in forms.items():
            difference = np.abs(encode(batch) - expected).max()
            if not difference <= TOLERANCE:  # also catches NaN
                raise ExportError(
                    f"{form}: differs from the model by {difference:.2g} at batch size {len(expected)}, "
                    f"at most {TOLERANCE:.0e} is allowed"
                )


def _tensors(inputs: Inputs) -> dict[str, tf.Tensor]:
    return {name: tf.constant(column) for name, column in inputs.items()}
