"""The clip catalogue: one Arrow IPC file of one record batch, uncompressed, no nulls, a row for each clip.

Row i is row i of the vectors of every space. A catalogue of clips that were written to the service has the
columns of OWN besides.
"""

from collections.abc import Sequence

import pyarrow as pa

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES

CATALOG_FILE = "catalog.arrow"

METADATA = {
    "format": "ambiance.music_catalog",
    "format_version": "2",
    "mood_names": ",".join(MOODS.names),  # axis of the column `moods`
    "vad_axes": ",".join(VAD_AXES),  # axis of the column `vad`
    "facet_names": ",".join(FACETS),  # axis of the column `facets`
    "trait_names": ",".join(TRAITS),  # axis of the column `traits`
}

_NAMES = pa.list_(pa.dictionary(pa.int16(), pa.utf8()))


def _scores(axis: Sequence[str]) -> pa.DataType:
    return pa.list_(pa.float32(), len(axis))


COLUMNS: dict[str, pa.DataType] = {
    "clip_id": pa.utf8(),  # the video's id, "@" and where the clip starts; ascends by code points, differs
    "youtube_id": pa.utf8(),  # of the video
    "start_seconds": pa.float32(),  # where in the video the clip starts
    "end_seconds": pa.float32(),  # where it ends
    "labels": _NAMES,  # AudioSet's display names, by class index; the dictionary holds those of all classes
    "mood_labels": _NAMES,  # the moods that AudioSet's annotators heard, mostly none; of MOODS
    "moods": _scores(MOODS.names),  # the encoder's posterior; sums to 1
    "vad": _scores(VAD_AXES),  # in [0, 1]
    "facets": _scores(FACETS),  # the probability of each
    "traits": _scores(TRAITS),  # the probability of each
    "listenable": pa.bool_(),  # whether the clip is worth hearing
}

# Of clips that aren't from AudioSet: their ids say nothing of a video, and there is more to tell.
OWN: dict[str, pa.DataType] = {
    "available": pa.bool_(),  # whether the clip can be played, as far as is known
    "metadata": pa.binary(),  # a serialised ambiance.music.v1.ClipMetadata; empty if nothing is known
    "sequence": pa.int64(),  # of the write that the row is from
}

SCHEMA = pa.schema(COLUMNS, METADATA)
OWN_SCHEMA = pa.schema(COLUMNS | OWN, METADATA)
