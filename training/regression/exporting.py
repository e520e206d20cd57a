"""Writes a trained model in the two forms that are served, and proves that both say what it said.

The folder becomes a servable of TensorFlow Serving (`saved_model.pb`, `variables/`) that also holds
`model.tflite` for LiteRT. Both take the model's inputs by name and return its outputs by name.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from ambiance.affect import VAD_AXES, VAD_SPACE
from ambiance.artifacts import Space
from ambiance.errors import AmbianceError
from training.regression.litert import MODEL_FILE, SIGNATURE, run_litert

TOLERANCE = 1e-5  # largest difference between a float model's output and an export of it

SAVED_MODEL = "SavedModel"

Inputs = Mapping[str, NDArray[Any]]
Outputs = dict[str, NDArray[np.float32]]
Encode = Callable[..., dict[str, tf.Tensor]]  # tensors by input name -> tensors by output name
Specs = Mapping[str, tf.TensorSpec]  # input -> shape and type, the first axis of unknown length


class ExportError(AmbianceError):
    """Raised when an export doesn't reproduce the model it was made from."""


@dataclass(frozen=True)
class Exportable:
    """A model as both exports need it."""

    encode: Encode
    specs: Specs
    module: tf.Module  # holds every variable that `encode` reads
    tolerances: Mapping[str, float]  # output -> largest difference allowed between `encode` and an export
    lite_encode: Encode | None = None  # what LiteRT is to run where that isn't `encode` itself
    lite_signatures: Mapping[str, Specs] = field(default_factory=dict)  # that LiteRT's model has besides
    quantized: bool = False  # LiteRT stores kernels as int8 and multiplies in int8
    lite_only: bool = False  # no SavedModel is written


def vad_space(lineage: str) -> Space:
    """The space that an encoder of either kind writes, in the frame of a lineage."""
    return Space(name=VAD_SPACE, dimension=len(VAD_AXES), metric="squared_l2", lineage=lineage)


def export_model(model: Exportable, folder: Path, examples: Inputs) -> dict[str, float]:
    """Write both forms into a folder, reload them from there, and compare them on example inputs.

    Returns:
        Output -> the largest difference found between LiteRT's form and the model.

    Raises:
        ExportError: naming the form, the output and the batch size at which it strays from `encode`.
    """
    if not model.lite_only:
        encode = _trace(model.encode, model.specs)
        tf.saved_model.save(model.module, folder, {SIGNATURE: encode, "serving_default": encode})
        # They hold nothing, and no git repository keeps an empty folder.
        shutil.rmtree(folder / "assets", ignore_errors=True)
    (folder / MODEL_FILE).write_bytes(_convert(model))
    return _check(model, folder, examples)


def _trace(encode: Encode, specs: Specs) -> Any:
    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}
    return tf.function(encode).get_concrete_function(**named)


def _convert(model: Exportable) -> bytes:
    """The LiteRT form."""
    encode, signatures = model.lite_encode or model.encode, {SIGNATURE: model.specs, **model.lite_signatures}
    frozen = {name: _trace(_freeze(_trace(encode, specs)), specs) for name, specs in signatures.items()}
    # The detour over a SavedModel keeps the signatures, which converting the functions directly would lose.
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, frozen)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(frozen))
        if model.quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converted: bytes = converter.convert()
        return converted


def _freeze(encode: Any) -> Encode:
    """The same on constants: LiteRT fails at run time on variables (READ_VARIABLE)."""
    frozen = convert_variables_to_constants_v2(encode)
    names = sorted(encode.structured_outputs)  # the order in which a frozen function returns them
    order = [tensor.name.split(":")[0] for tensor in frozen.inputs]

    def encode_frozen(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, frozen(*(inputs[name] for name in order)), strict=True))

    return encode_frozen


def _check(model: Exportable, folder: Path, examples: Inputs) -> dict[str, float]:
    """Compare the forms written with the model at batch size 1 and on all examples."""
    forms: dict[str, Callable[[Inputs], Outputs]] = {
        MODEL_FILE: lambda batch: run_litert(folder / MODEL_FILE, batch)
    }
    if not model.lite_only:
        saved_model = tf.saved_model.load(folder).signatures[SIGNATURE]
        forms[SAVED_MODEL] = lambda batch: _arrays(saved_model(**_tensors(batch)))
    for batch in ({name: column[:1] for name, column in examples.items()}, examples):
        expected = _arrays(model.encode(**_tensors(batch)))
        answers = {form: encode(batch) for form, encode in forms.items()}
        for form, outputs in answers.items():
            _compare(form, outputs, expected, model.tolerances)
    return {name: _difference(answers[MODEL_FILE][name], rows) for name, rows in expected.items()}


def _compare(form: str, outputs: Outputs, expected: Outputs, tolerances: Mapping[str, float]) -> None:
    if set(outputs) != set(expected):
        raise ExportError(f"{form}: returns {sorted(outputs)}, the model {sorted(expected)}")
    for name, rows in expected.items():
        difference = _difference(outputs[name], rows)
        if not difference <= tolerances[name]:  # also catches NaN
            raise ExportError(
                f"{form}: {name} differs from the model's by {difference:.2g} at batch size {len(rows)}, "
                f"at most {tolerances[name]:.0e} is allowed"
            )


def _difference(rows: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    return float(np.abs(rows - others).max())


def _tensors(inputs: Inputs) -> dict[str, tf.Tensor]:
    return {name: tf.constant(column) for name, column in inputs.items()}


def _arrays(outputs: Mapping[str, tf.Tensor]) -> Outputs:
    return {name: tensor.numpy() for name, tensor in outputs.items()}
