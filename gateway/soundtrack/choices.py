"""What plays to a passage."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ambiance.music.v1.clip_pb2 import Clip
from gateway.soundtrack.candidates import Weighed, video_of


class Choice(NamedTuple):
    """What plays to a passage, and for how long it has."""

    weighed: Weighed
    rank: int | None  # of the clip among the candidates; None: none of them
    clip: Clip | None  # None: nothing plays
    facets: NDArray[np.float64]  # [facets] of the clip; zeros for nothing
    vad: NDArray[np.float64]  # [3] likewise
    is_held: bool  # whether it goes on from the passage before
    seconds: float  # for how long the clip has gone on at the end of the passage

    @property
    def clip_id(self) -> str:
        """Id of the clip; empty for nothing."""
        return self.clip.id if self.clip is not None else ""

    @property
    def video(self) -> str:
        """The video that the clip is of; empty for nothing."""
        return video_of(self.clip) if self.clip is not None else ""
