"""What a listener would hear in the captioned clips, judged for this project by reading each caption whole.

A musician who calls a piece a lullaby need not call it calm; words alone miss that. The file holds no
caption: clip, facets from the strongest on, and how it moves, a line each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS
from training.data.errors import DataError
from training.data.judged import FOLDER
from training.data.tables import rows

FILE = FOLDER / "musiccaps.tsv"

_NO_FACET = "-"
_LOWEST, _HIGHEST = 1, 9  # of valence, arousal and dominance in the file


@dataclass(frozen=True)
class Judged:
    """Columns over n clips."""

    facets: NDArray[np.bool_]  # [n, 12] clearly heard, in the order of affect.FACETS
    mains: NDArray[np.bool_]  # [n, 12] the one heard most
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]


def load_caption_judgements(places: Sequence[tuple[str, int]], path: Path = FILE) -> Judged:
    """The judgement of each clip, by YouTube id and the second that it starts in.

    Raises:
        DataError: naming file and line of what isn't a judgement, or a clip that has none.
    """
    judged = {}
    for (clip, names, digits), where in rows(path, 3):
        facets = [] if names == _NO_FACET else names.split(" ")
        if unknown := [name for name in facets if name not in FACETS]:
            raise DataError(f"{where}: facets are {', '.join(FACETS)}, got {unknown[0]!r}")
        vad = [int(digit) for digit in digits if digit in "123456789"]
        if len(digits) != 3 or len(vad) != 3:
            raise DataError(f"{where}: three digits from {_LOWEST} to {_HIGHEST}, got {digits!r}")
        judged[clip] = [name in facets for name in FACETS], [name in facets[:1] for name in FACETS], vad
    clips = [f"{youtube_id}@{start}" for youtube_id, start in places]
    if missing := [clip for clip in clips if clip not in judged]:
        raise DataError(f"{path}: lacks {missing[0]} and {len(missing) - 1} more captioned clips")
    heard, mains, told = zip(*(judged[clip] for clip in clips), strict=True)
    unit = (np.array(told, np.float32) - _LOWEST) / np.float32(_HIGHEST - _LOWEST)
    return Judged(np.array(heard), np.array(mains), unit)
