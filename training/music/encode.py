"""Clips through a released music encoder: what the index is made of, and what evaluation measures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from ambiance.placement.encoded_clips import OUTPUTS, WIDTHS, EncodedClips
from training.music.mood_rows import FRAME_COUNTS, FRAMES
from training.regression.litert import MODEL_FILE, run_litert

_UNIT = ("moods", "facets", "traits", "vad")  # outputs that lie in [0, 1]; the others are finite


def encode_clips(
    artifact: Artifact, frames: NDArray[np.uint8], frame_counts: NDArray[np.int32]
) -> EncodedClips:
    """Encode n clips through LiteRT.

    Args:
        artifact: a `music_encoder`.
        frames: <uint8>[n, 10, 128] quantised VGGish features, a frame a second.
        frame_counts: <int32>[n] frames that each clip really has; those beyond aren't heard.
    """
    outputs = run_litert(artifact.file(MODEL_FILE), {FRAMES: frames, FRAME_COUNTS: frame_counts})
    return EncodedClips(**{name: outputs[name] for name in OUTPUTS})


def check_encoding(encoder: Artifact, encoded: EncodedClips, clip_ids: Sequence[str]) -> None:
    """Require of an encoder's outputs that each is a row a clip and in range.

    Raises:
        ArtifactError: naming the encoder, the output and the first clip that is wrong.
    """
    for name, rows in vars(encoded).items():
        if rows.shape != (len(clip_ids), WIDTHS[name]) or rows.dtype != np.float32:
            raise ArtifactError(f"{encoder.path}: {name} {rows.dtype}{rows.shape} for {len(clip_ids)} clips")
        inside = (rows >= 0) & (rows <= 1) if name in _UNIT else np.isfinite(rows)
        if outside := np.flatnonzero(~inside.all(axis=1)).tolist():
            at = f"clip {clip_ids[outside[0]]} is at {rows[outside[0]].round(3).tolist()}"
            raise ArtifactError(
                f"{encoder.path}: {name}: {at}, not {'in [0, 1]' if name in _UNIT else 'finite'}"
            )
