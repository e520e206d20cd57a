"""What every backend is to the rest of the service: windows of token ids in, valence, arousal and
dominance out."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import VAD_AXES
from ambiance.limits import MAX_TEXT_CHARACTERS, MAX_TEXTS
from ambiance.tokenizer import WINDOW

# Names and signature that training exports.
INPUT_NAME, OUTPUT_NAME, SIGNATURE = "token_ids", "vad", "encode"

AXES = len(VAD_AXES)

# The most windows of one EncodeTexts: every text at its limit, in words of one letter.
MAX_WINDOWS = MAX_TEXTS * -(-(MAX_TEXT_CHARACTERS // 2) // WINDOW)

# The time of callers without a deadline. gRPC gives them 9e18 seconds, more than a lock can wait.
LONGEST_CALL_S = 3600.0


class WindowEncoder(Protocol):
    """Runs the model. Called from many threads at once."""

    def encode(self, windows: NDArray[np.int32], timeout_s: float) -> NDArray[np.float32]:
        """Read windows <int32>[n, WINDOW] as points <float32>[n, 3] of VAD, each in [0, 1].

        A window's point doesn't depend on the windows around it.

        Raises:
            DeadlineError: if `timeout_s` seconds pass first.
            ArithmeticError: if the model's output is not a point of VAD.
        """


def check_vad(vad: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a model's output if it lies in [0, 1]; NaN doesn't.

    Raises:
        ArithmeticError: naming the first window and its output otherwise.
    """
    within = (vad >= 0) & (vad <= 1)
    if not within.all():
        row = int(np.argmin(within.all(axis=1)))
        raise ArithmeticError(f"window {row} of {len(vad)}: the model answered {vad[row].tolist()}, not VAD")
    return vad
