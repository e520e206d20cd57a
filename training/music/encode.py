"""Clips through a released music encoder: what the index is made of, and what evaluation measures."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError
from training.music.mood_rows import FRAME_COUNTS, FRAMES
from training.regression.litert import MODEL_FILE, run_litert

# Outputs that lie in [0, 1], by their width; the others are finite.
_UNIT_WIDTHS = {"moods": len(MOODS.names), "facets": len(FACETS), "traits": len(TRAITS), "vad": len(VAD_AXES)}


@dataclass(frozen=True)
class EncodedClips:
    """Columns over n clips, as a music encoder writes them; its outputs bear these names."""

    moods: NDArray[np.float32]  # [n, 7] posterior over affect.MOODS, rows sum to 1
    facets: NDArray[np.float32]  # [n, 12] probability of each of affect.FACETS
    traits: NDArray[np.float32]  # [n, 3] probability of each of affect.TRAITS
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]
    timbre: NDArray[np.float32]  # [n, 6] unit length

    def __len__(self) -> int:
        return len(self.moods)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "EncodedClips":
        """Clips by index, or by mask."""
        return EncodedClips(*(column[rows] for column in vars(self).values()))


OUTPUTS = tuple(field.name for field in fields(EncodedClips))


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
        width = _UNIT_WIDTHS.get(name, rows.shape[-1])
        if rows.shape != (len(clip_ids), width) or rows.dtype != np.float32:
            raise ArtifactError(f"{encoder.path}: {name} {rows.dtype}{rows.shape} for {len(clip_ids)} clips")
        inside = (rows >= 0) & (rows <= 1) if name in _UNIT_WIDTHS else np.isfinite(rows)
        if outside := np.flatnonzero(~inside.all(axis=1)).tolist():
            at = f"clip {clip_ids[outside[0]]} is at {rows[outside[0]].round(3).tolist()}"
            raise ArtifactError(
                f"{encoder.path}: {name}: {at}, not {'in [0, 1]' if name in _UNIT_WIDTHS else 'finite'}"
            )
