"""Runs the released model in this process, through LiteRT. No other file imports it.

An interpreter serves one thread at a time and one batch size, so there is a pool of them in a few sizes.
"""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.errors import ArtifactError, DeadlineError
from text_service.windows import INPUT_NAME, SIGNATURE, ModelSignature, Outputs, check_outputs

MODEL_FILE = "model.tflite"

# Windows that one call of the model reads. One window costs 0.17 ms alone, 0.11 ms among 4 and 0.12 ms among
# 16 on one core, and more in larger blocks, so none is ever padded. Resizing an interpreter instead would
# cost 4 ms.
BLOCK_SIZES = (1, 4, 16)


def blocks(count: int) -> Iterator[tuple[int, int]]:
    """Cover `count` windows: (start, block size), each block the largest that what is left fills."""
    start = 0
    while start < count:
        size = max(size for size in BLOCK_SIZES if size <= count - start)
        yield start, size
        start += size


def read_signature(model: Path) -> ModelSignature:
    """The tensors of a model's file.

    Raises:
        ArtifactError: if LiteRT can't read it, or it isn't <int32>[n, window] to outputs <float32>[n, width].
    """
    try:
        return _Tensors(model, Interpreter(model_path=str(model), num_threads=1)).signature
    except (ValueError, RuntimeError) as error:
        raise _unusable(model, error) from error


class LiteRtEncoder:
    """A `WindowEncoder` on a pool of interpreters, loaded and warm once constructed."""

    def __init__(self, model: Path, interpreters: int) -> None:
        """Load `model` into as many sets of interpreters as may run at once.

        Raises:
            ArtifactError: as `read_signature`, or if the model can't be run.
        """
        self._signature = read_signature(model)
        self._idle: SimpleQueue[dict[int, _Block]] = SimpleQueue()
        for _ in range(interpreters):
            self._idle.put({size: _Block(model, size) for size in BLOCK_SIZES})

    @property
    def signature(self) -> ModelSignature:
        """See `WindowEncoder.signature`."""
        return self._signature

    def encode(self, windows: NDArray[np.int32], timeout_s: float) -> Outputs:
        """See `WindowEncoder.encode`."""
        deadline = monotonic() + timeout_s
        parts = [
            self._run(windows[start : start + size], size, deadline) for start, size in blocks(len(windows))
        ]
        return check_outputs(parts[0] if len(parts) == 1 else self._joined(parts))

    def _joined(self, parts: list[Outputs]) -> Outputs:
        return {
            name: np.concatenate([np.empty((0, width), np.float32), *(part[name] for part in parts)])
            for name, width in self._signature.widths.items()
        }

    def _run(self, windows: NDArray[np.int32], size: int, deadline: float) -> Outputs:
        # Interpreters are given back after every block, so that a lone sentence waits for one block of a
        # long batch, never for all of it.
        interpreters = self._take(deadline)
        try:
            return interpreters[size].run(windows)
        finally:
            self._idle.put(interpreters)

    def _take(self, deadline: float) -> "dict[int, _Block]":
        left_s = deadline - monotonic()
        try:
            if left_s > 0:
                return self._idle.get(timeout=left_s)
        except Empty:
            pass
        raise DeadlineError("the deadline passed before every window was read")


class _Block:
    """An interpreter for a fixed number of windows."""

    def __init__(self, model: Path, size: int) -> None:
        try:
            # Calls run side by side already: a second thread inside one would only compete with them.
            self._interpreter = Interpreter(model_path=str(model), num_threads=1)
            self._tensors = _Tensors(model, self._interpreter)
            shape = [size, self._tensors.signature.window]
            self._interpreter.resize_tensor_input(self._tensors.input, shape, strict=True)
            self._interpreter.allocate_tensors()
            self.run(np.zeros(shape, np.int32))
        except (ValueError, RuntimeError) as error:
            raise _unusable(model, error) from error

    def run(self, windows: NDArray[np.int32]) -> Outputs:
        """Read exactly as many windows as the block holds."""
        self._interpreter.set_tensor(self._tensors.input, windows)
        self._interpreter.invoke()
        outputs = self._tensors.outputs.items()
        return {name: self._interpreter.get_tensor(index) for name, index in outputs}


class _Tensors:
    """Where an interpreter keeps the tensors of the model's signature."""

    def __init__(self, model: Path, interpreter: Interpreter) -> None:
        """Look them up.

        Raises:
            ArtifactError: if the model has another signature.
            ValueError: if it has none of that name.
        """
        runner = interpreter.get_signature_runner(SIGNATURE)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        if list(inputs) != [INPUT_NAME] or not (
            _is_matrix(inputs[INPUT_NAME], np.int32)
            and all(_is_matrix(details, np.float32) for details in outputs.values())
        ):
            needed = f"{INPUT_NAME} int32[n, window] to outputs float32[n, width]"
            raise ArtifactError(f"{model}: needs {needed}, has {_described(inputs)} to {_described(outputs)}")
        self.input = int(inputs[INPUT_NAME]["index"])
        self.outputs = {name: int(details["index"]) for name, details in outputs.items()}
        widths = {name: int(details["shape_signature"][1]) for name, details in outputs.items()}
        self.signature = ModelSignature(int(inputs[INPUT_NAME]["shape_signature"][1]), widths)


def _is_matrix(details: dict[str, Any], dtype: type) -> bool:
    """Whether a tensor is <dtype>[n, a fixed width]."""
    shape = details["shape_signature"].tolist()
    return details["dtype"] is dtype and len(shape) == 2 and shape[0] == -1 and shape[1] > 0


def _described(tensors: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {np.dtype(details['dtype'])}{details['shape_signature'].tolist()}"
        for name, details in tensors.items()
    )


def _unusable(model: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{model}: LiteRT can't run it: {error}")
