"""The clip catalogue as an Arrow IPC file: what music_index_service says of each row of the vector index."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.affect import MOODS, VAD_AXES
from ambiance.errors import ArtifactError
from training.data.audioset import Clips
from training.data.ontology import Ontology, moods_of
from training.music.encode import EncodedClips

CATALOG_FILE = "catalog.arrow"

METADATA = {
    "format": "ambiance.music_catalog",
    "format_version": "1",
    "mood_names": ",".join(MOODS.names),  # axis of the column `moods`
    "vad_axes": ",".join(VAD_AXES),  # axis of the column `vad`
}


def build_catalog(clips: Clips, encoded: EncodedClips, ontology: Ontology) -> pa.RecordBatch:
    """Lay clips and what the music encoder wrote of them out as columns, row for row.

    Columns: clip_id, youtube_id <utf8>; start_seconds, end_seconds <float32>; labels <list of utf8>,
    AudioSet's display names by class index; mood_labels <list of utf8>, the moods that AudioSet's
    annotators heard, mostly none; moods <float32>[7], the encoder's posterior; vad <float32>[3].
    """
    columns = {
        "clip_id": pa.array(clips.clip_ids, pa.utf8()),
        "youtube_id": pa.array(clips.youtube_ids, pa.utf8()),
        "start_seconds": pa.array(clips.start_seconds),
        "end_seconds": pa.array(clips.end_seconds),
        "labels": _name_lists((sorted(set(labels)) for labels in clips.labels), ontology.names),
        "mood_labels": _name_lists(map(moods_of, clips.labels), MOODS.names),
        "moods": _fixed_lists(encoded.moods),
        "vad": _fixed_lists(encoded.vad),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    return batch.replace_schema_metadata(METADATA)


def write_catalog(catalog: pa.RecordBatch, folder: Path) -> None:
    """Write the catalogue uncompressed and in one batch, so that a reader maps it instead of copying it."""
    with pa.ipc.new_file(folder / CATALOG_FILE, catalog.schema) as writer:
        writer.write_batch(catalog)


def check_catalog(catalog: pa.RecordBatch, folder: Path) -> None:
    """Map the file and compare it with what was to be written.

    Raises:
        ArtifactError: if it differs.
    """
    path = folder / CATALOG_FILE
    with pa.memory_map(str(path)) as file:
        stored = pa.ipc.open_file(file).read_all()
        if not stored.equals(pa.Table.from_batches([catalog]), check_metadata=True):
            raise ArtifactError(f"{path}: not the catalogue that was written")


def _name_lists(index_lists: Iterable[Sequence[int]], names: Sequence[str]) -> pa.ListArray:
    """Lists of names, each name stored once and referred to by its index."""
    lists = list(index_lists)
    offsets = np.concatenate([[0], np.cumsum([len(indices) for indices in lists])])
    flat = pa.array([index for indices in lists for index in indices], pa.int16())
    values = pa.DictionaryArray.from_arrays(flat, pa.array(names, pa.utf8()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _fixed_lists(rows: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1), pa.float32()), rows.shape[1])
