"""Runs an exported model through LiteRT, as the services do, with no TensorFlow in the process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

MODEL_FILE = "model.tflite"
SIGNATURE = "encode"

_BATCH = 8  # rows in one call, as the service reads them: more leave the caches and take longer


def run_litert(
    model: Path, inputs: Mapping[str, NDArray[Any]], signature: str = SIGNATURE
) -> dict[str, NDArray[np.float32]]:
    """Every output of a signature by its name, <float32>[n, k], for inputs of n rows, n from 0."""
    row_count = len(next(iter(inputs.values())))
    encode = Interpreter(model_path=str(model), num_threads=1).get_signature_runner(signature)
    batches = [
        encode(**{name: column[start : start + _BATCH] for name, column in inputs.items()})
        for start in range(0, row_count, _BATCH)
    ]
    nothing = {
        name: np.empty((0, *details["shape"][1:]), np.float32)
        for name, details in encode.get_output_details().items()
    }
    return {
        name: np.concatenate([rows, *(batch[name] for batch in batches)]) for name, rows in nothing.items()
    }
