"""VGGish's features of clips: checked, and quantised as published where they come as numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.limits import MAX_CLIP_FRAMES
from ambiance.music.v1.clip_input_pb2 import ClipInput
from music_index_service.preparation.offences import Offences
from music_index_service.preparation.windows import FEATURES

_LOWEST, _HIGHEST = -2.0, 2.0  # of what is quantised
# The publisher cuts off what is behind the point. That would take a level from half of all features that were
# made of bytes, since <float32> may fall short of them: a thousandth of a level is forgiven.
_FORGIVEN = 1e-3


def read_features(batch: Sequence[ClipInput], offences: Offences) -> list[bytes]:
    """128 bytes for each frame of each clip, none for a clip that has none; notes what is wrong."""
    read = []
    for i, clip in enumerate(batch):
        frames, embedding = clip.vggish_frames, clip.vggish_embedding
        if frames:
            if embedding:
                offences.add(i, "vggish_embedding", "may not be given beside vggish_frames")
            _check_length(i, "vggish_frames", len(frames), "bytes", offences)
        elif embedding:
            _check_length(i, "vggish_embedding", len(embedding), "numbers", offences)
            frames = b"" if i in offences else _quantised(i, np.array(embedding, np.float64), offences)
        read.append(frames)
    return read


def quantise(features: NDArray[np.float64]) -> NDArray[np.uint8]:
    """<uint8> levels of features <float64> of the same shape, as published: cut to [-2, 2], then 0 to 255."""
    levels = (np.clip(features, _LOWEST, _HIGHEST) - _LOWEST) * (255 / (_HIGHEST - _LOWEST))
    return (levels + _FORGIVEN).astype(np.uint8)


def _quantised(clip: int, numbers: NDArray[np.float64], offences: Offences) -> bytes:
    if (wrong := np.flatnonzero(~np.isfinite(numbers))).size:
        at = int(wrong[0])
        offences.add(clip, f"vggish_embedding[{at}]", f"a finite number, got {numbers[at]:g}")
        return b""
    return quantise(numbers).tobytes()


def _check_length(clip: int, field: str, count: int, unit: str, offences: Offences) -> None:
    if count % FEATURES:
        offences.add(clip, field, f"{FEATURES} {unit} for each frame, got {count:,}, no multiple of it")
    elif count > MAX_CLIP_FRAMES * FEATURES:
        offences.add(clip, field, f"at most {MAX_CLIP_FRAMES} frames, got {count // FEATURES:,}")
