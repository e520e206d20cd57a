"""Runs the released model in this process, through LiteRT. No other file imports it.

An interpreter serves one thread at a time and one number of windows, of each length that the model has a
signature for. So there is a pool of them in two sizes.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, SignatureRunner
from numpy.typing import NDArray

from ambiance.errors import ArtifactError, DeadlineError
from text_service.blocks import BLOCK_SIZES, blocks_by_length, shortest
from text_service.windows import (
    INPUT_NAME,
    SIGNATURE,
    IsWanted,
    ModelSignature,
    Outputs,
    always,
    check_outputs,
)

MODEL_FILE = "model.tflite"

# Blocks from which on several interpreters share those of one call. Handing over to one costs 0.05 ms.
SHARED_BLOCKS = 3

_Runners = Mapping[int, SignatureRunner]  # by the tokens of a window


def read_signature(model: Path) -> ModelSignature:
    """The tensors of a model's file.

    Raises:
        ArtifactError: if LiteRT can't read it, or it isn't <int32>[n, window] to outputs <float32>[n, width].
    """
    try:
        return _signature(model, Interpreter(model_path=str(model), num_threads=1), SIGNATURE)
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
        self._idle: SimpleQueue[dict[int, _Runners]] = SimpleQueue()
        for _ in range(interpreters):
            runners = {size: _runners(model, size) for size in BLOCK_SIZES}
            self._idle.put(runners)
        self._lengths = np.array(sorted(runners[1]))
        self._helper_count = interpreters - 1
        # It starts its threads when they are needed, and can't be told to have none.
        self._helpers = ThreadPoolExecutor(max(1, self._helper_count), "encoder")

    @property
    def signature(self) -> ModelSignature:
        """See `WindowEncoder.signature`."""
        return self._signature

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted = always) -> Outputs:
        """See `WindowEncoder.encode`."""
        deadline = monotonic() + timeout_s
        lengths = shortest(windows, self._lengths)
        if len(windows) == 1:
            return check_outputs(self._run(windows[:, : lengths[0]], deadline))
        return check_outputs(self._read_blocks(windows, lengths, deadline, is_wanted))

    def _read_blocks(
        self, windows: NDArray[np.int32], lengths: NDArray[np.int64], deadline: float, is_wanted: IsWanted
    ) -> dict[str, NDArray[np.float32]]:
        widths = self._signature.widths.items()
        outputs = {name: np.empty((len(windows), width), np.float32) for name, width in widths}
        blocks = list(blocks_by_length(lengths))
        left = iter(blocks)  # this thread and its helpers take from it in turn

        def read() -> None:
            for rows, length in left:
                if not is_wanted():
                    raise DeadlineError("the caller left before every window was read")
                for name, values in self._run(windows[rows, :length], deadline).items():
                    outputs[name][rows] = values

        helper_count = self._helper_count if len(blocks) >= SHARED_BLOCKS else 0
        helpers = [self._helpers.submit(read) for _ in range(helper_count)]
        read()
        for helper in helpers:
            if not helper.cancel():  # one that hasn't begun has nothing left to do
                helper.result()
        return outputs

    def _run(self, windows: NDArray[np.int32], deadline: float) -> Outputs:
        # Interpreters are given back after every block, so that a lone sentence waits for one block of a
        # long batch, never for all of it.
        interpreters = self._take(deadline)
        try:
            size, length = windows.shape
            outputs: Outputs = interpreters[size][length](**{INPUT_NAME: windows})
            return outputs
        finally:
            self._idle.put(interpreters)

    def _take(self, deadline: float) -> dict[int, _Runners]:
        left_s = deadline - monotonic()
        try:
            if left_s > 0:
                return self._idle.get(timeout=left_s)
        except Empty:
            pass
        raise DeadlineError("the deadline passed before every window was read")


def _runners(model: Path, size: int) -> _Runners:
    """An interpreter for `size` windows at a time, warm, by the lengths that the model has."""
    try:
        # Calls run side by side already: a second thread inside one would only compete with them.
        interpreter = Interpreter(model_path=str(model), num_threads=1)
        runners = {}
        for name in interpreter.get_signature_list():
            window = _signature(model, interpreter, name).window
            runners[window] = interpreter.get_signature_runner(name)
            runners[window](**{INPUT_NAME: np.zeros((size, window), np.int32)})
        return runners
    except (ValueError, RuntimeError) as error:
        raise _unusable(model, error) from error


def _signature(model: Path, interpreter: Interpreter, name: str) -> ModelSignature:
    """One signature of a model's.

    Raises:
        ArtifactError: if it has other tensors than an encoder's.
        ValueError: if there is none of that name.
    """
    runner = interpreter.get_signature_runner(name)
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    if list(inputs) != [INPUT_NAME] or not (
        _is_matrix(inputs[INPUT_NAME], np.int32)
        and all(_is_matrix(details, np.float32) for details in outputs.values())
    ):
        needed = f"{INPUT_NAME} int32[n, window] to outputs float32[n, width]"
        raise ArtifactError(f"{model}: needs {needed}, has {_described(inputs)} to {_described(outputs)}")
    widths = {name: int(details["shape_signature"][1]) for name, details in outputs.items()}
    return ModelSignature(int(inputs[INPUT_NAME]["shape_signature"][1]), widths)


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
