"""Runs an exported model through LiteRT, as the services do, with no TensorFlow in the process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

MODEL_FILE = "model.tflite"
SIGNATURE = "encode"
OUTPUT = "vad"

_BATCH = 256  # rows in one call: bounds the interpreter's arena to tens of MB


def run_litert(model: Path, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """<float32>[n, 3] VAD of inputs of n rows, n from 0."""
    row_count = len(next(iter(inputs.values())))
    encode = Interpreter(model_path=str(model), num_threads=1).get_signature_runner(SIGNATURE)
    batches = [
        encode(**{name: column[start : start + _BATCH] for name, column in inputs.items()})[OUTPUT]
        for start in range(0, row_count, _BATCH)
    ]
    return np.concatenate([np.empty((0, 3), np.float32), *batches])
