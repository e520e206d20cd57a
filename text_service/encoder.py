"""Runs the released model in this process, through LiteRT. No other file imports it.

An interpreter serves one thread at a time and one batch size, so there is a pool of them in a few sizes.
"""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.errors import ArtifactError, DeadlineError
from ambiance.tokenizer import WINDOW
from text_service.windows import AXES, check_vad

MODEL_FILE = "model.tflite"

# Windows that one call of the model reads. A lone sentence pays for one window, a batch spreads the model's
# fixed cost: 0.12 ms for 1, 0.16 ms for 4, 0.35 ms for 16, 0.92 ms for 64 on one core. Resizing an
# interpreter instead would cost 4 ms.
BLOCK_SIZES = (1, 4, 16, 64)


def blocks(count: int) -> Iterator[tuple[int, int]]:
    """Cover `count` windows: (start, block size), the last in the smallest block that holds what is left."""
    start = 0
    while start < count:
        left = count - start
        size = next((size for size in BLOCK_SIZES if size >= left), BLOCK_SIZES[-1])
        yield start, size
        start += size


class LiteRtEncoder:
    """A `WindowEncoder` on a pool of interpreters, loaded and warm once constructed."""

    def __init__(self, model: Path, interpreters: int) -> None:
        """Load `model` into as many sets of interpreters as may run at once.

        Raises:
            ArtifactError: if LiteRT can't run it, or it isn't <int32>[n, WINDOW] to <float32>[n, 3].
        """
        self._idle: SimpleQueue[dict[int, _Block]] = SimpleQueue()
        for _ in range(interpreters):
            self._idle.put({size: _Block(model, size) for size in BLOCK_SIZES})

    def encode(self, windows: NDArray[np.int32], timeout_s: float) -> NDArray[np.float32]:
        """See `WindowEncoder.encode`."""
        deadline = monotonic() + timeout_s
        vad = np.empty((len(windows), AXES), np.float32)
        for start, size in blocks(len(windows)):
            block = windows[start : start + size]
            vad[start : start + size] = self._run(block, size, deadline)
        return check_vad(vad)

    def _run(self, windows: NDArray[np.int32], size: int, deadline: float) -> NDArray[np.float32]:
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
            self._input, self._output = _check_tensors(model, self._interpreter)
            self._interpreter.resize_tensor_input(self._input, [size, WINDOW], strict=True)
            self._interpreter.allocate_tensors()
            self._padded = np.zeros((size, WINDOW), np.int32)
            self.run(self._padded)
        except (ValueError, RuntimeError) as error:
            raise ArtifactError(f"{model}: LiteRT can't run it: {error}") from error

    def run(self, windows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Read at most as many windows as the block holds."""
        count = len(windows)
        if count < len(self._padded):
            self._padded[:count] = windows  # rows beyond keep what they held: no row sees another
            windows = self._padded
        self._interpreter.set_tensor(self._input, windows)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[:count]


def _check_tensors(model: Path, interpreter: Interpreter) -> tuple[int, int]:
    """Indices of the input and the output tensor, of the kind that the service was written for."""
    indices = []
    for role, tensors, dtype, width in (
        ("input", interpreter.get_input_details(), np.int32, WINDOW),
        ("output", interpreter.get_output_details(), np.float32, AXES),
    ):
        found = [f"{np.dtype(t['dtype'])}{t['shape_signature'].tolist()}" for t in tensors]
        if found != [expected := f"{np.dtype(dtype)}{[-1, width]}"]:
            raise ArtifactError(f"{model}: needs one {role} {expected}, has {', '.join(found)}")
        indices.append(int(tensors[0]["index"]))
    return indices[0], indices[1]
