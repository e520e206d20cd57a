"""Where clips that are written lie: at the price of what they beat of the release, and by VAD.

Nothing learns prices among the clips of an index in Milvus: where all are rows, one more would move many.
"""

from collections.abc import Callable, Sequence

from ambiance.affect import VAD_SPACE
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.live.model import Pricing
from music_index_service.milvus.clips import heard_of
from music_index_service.milvus.rows import Vectors


def priced(space: str, pricing: Pricing) -> Callable[[Sequence[StoredClip]], Vectors]:
    """What places clips; `space` is the one in which they have prices."""

    def place(clips: Sequence[StoredClip]) -> Vectors:
        heard = heard_of(clips)
        return {space: pricing.place(heard), VAD_SPACE: heard.vad}

    return place
