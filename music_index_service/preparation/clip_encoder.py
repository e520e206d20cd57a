"""Hears clips: runs the released music encoder through LiteRT. No other file of this service imports it."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.placement import EncodedClips
from ambiance.placement.encoded_clips import OUTPUTS, WIDTHS
from music_index_service.preparation.windows import FEATURES, WINDOW_FRAMES

MODEL_FILE = "model.tflite"

_SIGNATURE = "encode"
_FRAMES, _FRAME_COUNTS = "frames", "frame_counts"  # the model's inputs
_BLOCK = 32  # windows in one call: more leave the caches, fewer pay for the call


class ClipEncoder:
    """A music encoder, loaded and warm once constructed. Threads that ask at once take turns."""

    def __init__(self, artifact: Artifact) -> None:
        """Load a `music_encoder`.

        Raises:
            ArtifactError: if LiteRT can't read or run it, or it writes other outputs than a clip's.
        """
        path = artifact.file(MODEL_FILE)
        self.version = artifact.manifest.version
        self._lock = Lock()
        try:
            # Writes come one batch at a time: a second thread inside a call would compete with searches.
            self._encode = Interpreter(model_path=str(path), num_threads=1).get_signature_runner(_SIGNATURE)
            self._check(path)
            self._run(np.zeros((_BLOCK, WINDOW_FRAMES, FEATURES), np.uint8), np.ones(_BLOCK, np.int32))
        except (ValueError, RuntimeError) as error:
            raise ArtifactError(f"{path}: LiteRT can't use it as a music encoder: {error}") from error

    def encode(self, windows: NDArray[np.uint8], frame_counts: NDArray[np.int32]) -> EncodedClips:
        """What is heard in each of n windows, n from 0.

        Args:
            windows: <uint8>[n, 10, 128] quantised VGGish features, a frame of 0.96 s each.
            frame_counts: <int32>[n] frames that each really has, from 1; those beyond aren't heard.
        """
        heard = {name: np.empty((len(windows), width), np.float32) for name, width in WIDTHS.items()}
        with self._lock:
            for start in range(0, len(windows), _BLOCK):
                rows = slice(start, start + _BLOCK)
                block, counts = windows[rows], frame_counts[rows]
                # The last is filled up: a call of another size lays the model's memory out anew.
                missing = _BLOCK - len(block)
                block = np.pad(block, ((0, missing), (0, 0), (0, 0)))
                outputs = self._run(block, np.pad(counts, (0, missing), constant_values=1))
                for name, values in heard.items():
                    values[rows] = outputs[name][: _BLOCK - missing]
        return EncodedClips(**heard)

    def _run(
        self, windows: NDArray[np.uint8], frame_counts: NDArray[np.int32]
    ) -> Mapping[str, NDArray[np.float32]]:
        outputs: Mapping[str, NDArray[np.float32]] = self._encode(
            **{_FRAMES: windows, _FRAME_COUNTS: frame_counts}
        )
        return outputs

    def _check(self, path: Path) -> None:
        inputs: dict[str, Any] = self._encode.get_input_details()
        outputs: dict[str, Any] = self._encode.get_output_details()
        frames = inputs.get(_FRAMES, {}).get("shape_signature", ())
        if set(inputs) != {_FRAMES, _FRAME_COUNTS} or list(frames)[1:] != [WINDOW_FRAMES, FEATURES]:
            needed = "inputs frames [n, 10, 128] and frame_counts"
            raise ArtifactError(f"{path}: needs {needed}, has {sorted(inputs)}, frames {list(frames)}")
        for name in OUTPUTS:
            width = list(outputs.get(name, {}).get("shape_signature", (0,)))[-1]
            if width != WIDTHS[name]:
                raise ArtifactError(f"{path}: output {name} of {width} numbers, needs {WIDTHS[name]}")
