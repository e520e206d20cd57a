"""What is heard in clips, as columns; and packed into the bytes that the service keeps of each clip."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES

TIMBRE_COMPONENTS = 6


@dataclass(frozen=True)
class EncodedClips:
    """Columns over n clips, as a music encoder writes them; its outputs bear these names."""

    moods: NDArray[np.float32]  # [n, 7] posterior over affect.MOODS, rows sum to 1
    facets: NDArray[np.float32]  # [n, 12] probability of each of affect.FACETS
    traits: NDArray[np.float32]  # [n, 3] probability of each of affect.TRAITS
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]
    timbre: NDArray[np.float32]  # [n, 6] unit length, or 0 of a clip whose timbre isn't known

    def __len__(self) -> int:
        return len(self.moods)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "EncodedClips":
        """Clips by index, or by mask."""
        return EncodedClips(*(column[rows] for column in vars(self).values()))

    def matrix(self) -> NDArray[np.float32]:
        """<float32>[n, 31] the columns side by side, in their order."""
        return np.concatenate(list(vars(self).values()), axis=1, dtype=np.float32)

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.float32]) -> "EncodedClips":
        """Take <float32>[n, 31], as `matrix` gives it, apart; the columns are views of it."""
        return cls(*np.split(matrix, _ENDS[:-1], axis=1))

    def packed(self) -> list[bytes]:
        """Each clip's row of the matrix, little-endian: `StoredClip.heard`."""
        rows = np.ascontiguousarray(self.matrix(), _PACKED_TYPE)
        content, size = rows.tobytes(), rows.itemsize * WIDTH
        return [content[start : start + size] for start in range(0, len(content), size)]

    @classmethod
    def unpacked(cls, heard: Sequence[bytes]) -> "EncodedClips":
        """Read n clips as `packed` wrote them, n from 0.

        Raises:
            ValueError: naming the first that isn't 31 numbers long, or holds one that isn't finite.
        """
        size = _PACKED_TYPE.itemsize * WIDTH
        content = b"".join(heard)
        if len(content) != size * len(heard) or any(len(each) != size for each in heard):
            wrong, length = next((i, len(each)) for i, each in enumerate(heard) if len(each) != size)
            raise ValueError(f"clip {wrong}: what is heard has {length} bytes, needs {size}")
        matrix = np.frombuffer(content, _PACKED_TYPE).reshape(len(heard), WIDTH)
        if not np.isfinite(matrix).all():
            wrong = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
            raise ValueError(f"clip {wrong}: what is heard has a number that isn't finite")
        return cls.of_matrix(matrix.astype(np.float32, copy=False))


OUTPUTS = tuple(field.name for field in fields(EncodedClips))

# How many numbers of a clip each column holds.
WIDTHS = dict(
    zip(
        OUTPUTS,
        (len(MOODS.names), len(FACETS), len(TRAITS), len(VAD_AXES), TIMBRE_COMPONENTS),
        strict=True,
    )
)
WIDTH = sum(WIDTHS.values())
_ENDS = np.cumsum(list(WIDTHS.values()))
_PACKED_TYPE = np.dtype("<f4")
