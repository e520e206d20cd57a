"""Where clips that are written lie: at the mean price of the release, where there are prices, and by VAD."""

from collections.abc import Callable, Sequence

from ambiance.affect import VAD_SPACE
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import place_at_price
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.milvus.rows import Vectors


def at_price(space: str, price: float, constant: float) -> Callable[[Sequence[StoredClip]], Vectors]:
    """What places clips.

    Args:
        space: in which clips have prices.
        price: of each clip, in log-odds of fit.
        constant: of the release's rows, see `ambiance.placement.squared_l2.append_price`.
    """

    def place(clips: Sequence[StoredClip]) -> Vectors:
        heard = EncodedClips.unpacked([clip.heard for clip in clips])
        return {space: place_at_price(heard, price, constant), VAD_SPACE: heard.vad}

    return place
