"""Clips as a caller of the client writes them to an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ambiance.results import AttributeValue

if TYPE_CHECKING:  # which few commands of the command line need
    import numpy as np
    from numpy.typing import NDArray

    Frames: TypeAlias = "bytes | NDArray[np.uint8] | NDArray[np.floating]"


@dataclass(frozen=True, slots=True, eq=False)
class ClipInput:
    """A clip to write: what is heard in it, and what people know it by. Only `id` is required of these.

    What is heard comes from `frames`, from which the index computes everything else, or from all `facets`, or
    from all `moods`; with frames the others may be given too, and are then kept as given. The limits of each
    field are those of `ambiance.music.v1.ClipInput`, and the index service tells of what breaks them, clip by
    clip.

    `frames` are VGGish features, one row of 128 for each 0.96 s, at most 600: as published, <uint8>[n, 128]
    or n x 128 bytes, or <float>[n, 128] before quantisation, in [-2, 2] (beyond is cut).
    """

    id: str  # 1 to 128 characters without white space; the clip of that id is replaced as a whole
    youtube_id: str = ""  # 11 characters; empty if it isn't from YouTube
    start_seconds: float = 0.0  # in the video or track
    end_seconds: float = 0.0  # 0 if it isn't known
    labels: Sequence[str] = ()  # display names of AudioSet's ontology, such as "Lullaby"
    frames: "Frames | None" = None
    facets: Mapping[str, float] = field(default_factory=dict)  # facet -> probability; all twelve or none
    moods: Mapping[str, float] = field(default_factory=dict)  # mood -> share; all seven, of sum 1, or none
    traits: Mapping[str, float] = field(default_factory=dict)  # trait -> probability; all three or none
    vad: Sequence[float] | None = None  # valence, arousal and dominance, each in [0, 1], such as a `Vad`
    listenable: bool | None = None  # None: as for a released clip, by its labels and traits
    available: bool | None = None  # whether it can be played; None: True
    title: str = ""
    artist: str = ""
    album: str = ""
    track_id: str = ""  # in the catalogue that it comes from; several clips may be of one track
    uri: str = ""  # where it plays, absolute
    thumbnail_uri: str = ""  # a picture of it, absolute
    duration_seconds: float = 0.0  # of the whole track; 0 if it isn't known
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)  # anything else, by name
