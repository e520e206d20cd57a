"""The interface of every backend: windows of token ids in, the model's outputs out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, FACETS, MOOD_SPACE, SCENES, VAD_AXES, VAD_SPACE
from ambiance.artifacts import Space
from ambiance.errors import ArtifactError
from ambiance.limits import MAX_TEXT_CHARACTERS, MAX_TEXTS
from ambiance.pooling import DISTRESS_OUTPUT, EMOTIONS_OUTPUT, SCENES_OUTPUT

# Names that training exports. Besides, the model has an output for each space it writes, named after it.
INPUT_NAME, SIGNATURE = "token_ids", "encode"
EMBEDDING_OUTPUT = "embedding"  # the one output that a model may lack

# Deadline of callers that set none. gRPC reports 9e18 seconds for them, more than a lock can wait.
LONGEST_CALL_S = 3600.0

_ROUNDING = 1e-4  # how far rounding may take the model's outputs out of their range
_LARGEST = float(np.finfo(np.float32).max)
_POSTERIORS = (EMOTIONS_OUTPUT, SCENES_OUTPUT)
_RANGES = dict.fromkeys((*_POSTERIORS, VAD_SPACE, DISTRESS_OUTPUT), (0.0, 1.0))

# Outputs of a fixed width; the embedding's depends on the model.
_WIDTHS = {
    EMOTIONS_OUTPUT: len(EMOTIONS.names),
    SCENES_OUTPUT: len(SCENES),
    VAD_SPACE: len(VAD_AXES),
    DISTRESS_OUTPUT: 1,
}

Outputs = Mapping[str, NDArray[np.float32]]

# Whether somebody still waits for the answer.
IsWanted = Callable[[], bool]


def always() -> bool:
    """The answer is wanted whatever happens: for reading on nobody's behalf, in a warm-up or a test."""
    return True


@dataclass(frozen=True)
class ModelSignature:
    """A text encoder's tensors: token ids <int32>[n, window] to outputs <float32>[n, width], by name."""

    window: int
    widths: Mapping[str, int]

    @property
    def max_windows(self) -> int:
        """The most windows of one EncodeTexts: every text at its limit, each character a token."""
        return MAX_TEXTS * -(-MAX_TEXT_CHARACTERS // self.window)

    def require(self, spaces: list[Space], where: object) -> None:
        """Require all that is read of a text, and for each space an output of its name and dimension.

        Raises:
            ArtifactError: naming `where`, the outputs that are needed and those there are; or if there is no
                space "mood", or one too narrow for the facets that it begins with.
        """
        needed = _WIDTHS | {space.name: space.dimension for space in spaces}
        if needed.get(MOOD_SPACE, 0) < len(FACETS):
            held = ", ".join(f"{space.name} of {space.dimension}" for space in spaces) or "none"
            least = f"a space {MOOD_SPACE} of at least {len(FACETS)} components, the facets"
            raise ArtifactError(f"{where}: needs {least}; has {held}")
        if any(self.widths.get(name) != width for name, width in needed.items()):
            raise ArtifactError(f"{where}: needs the outputs {_shapes(needed)}; has {_shapes(self.widths)}")


class WindowEncoder(Protocol):
    """Runs the model. Called from many threads at once."""

    @property
    def signature(self) -> ModelSignature:
        """The model's tensors."""

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted = always) -> Outputs:
        """Read windows <int32>[n, window]; returns each output of the signature, <float32>[n, width].

        A window's outputs don't depend on the windows around it. `is_wanted` is asked again and again, from
        any thread; once it says no the rest isn't read.

        Raises:
            DeadlineError: if `timeout_s` seconds pass first, or the answer isn't wanted any more.
            ArithmeticError: if the model's output isn't what `check_outputs` asks for.
        """


def check_outputs(outputs: Outputs) -> Outputs:
    """Return a model's outputs if all are finite, posteriors sum to 1, and VAD and distress lie in [0, 1].

    Raises:
        ArithmeticError: naming the first window and its output otherwise.
    """
    for name, rows in outputs.items():
        least, most = _RANGES.get(name, (-_LARGEST, _LARGEST))
        sound = (rows >= least - _ROUNDING) & (rows <= most + _ROUNDING)  # false for a NaN, too
        _require_sound(name, rows, sound)
    for name in _POSTERIORS:
        sums = outputs[name].sum(axis=1, keepdims=True)
        _require_sound(name, outputs[name], np.abs(sums - 1) <= _ROUNDING)
    return outputs


def _require_sound(name: str, rows: NDArray[np.float32], sound: NDArray[np.bool_]) -> None:
    """Raise unless an output <float32>[n, width] is sound, <bool>[n, columns]; names the first window."""
    if not sound.all():
        row = int(sound.all(axis=1).argmin())
        raise ArithmeticError(f"window {row} of {len(rows)}: the model answered {name} {rows[row].tolist()}")


def _shapes(widths: Mapping[str, int]) -> str:
    return ", ".join(f"{name} [n, {width}]" for name, width in sorted(widths.items())) or "none"
