"""The clip catalogue as an Arrow IPC file: what music_index_service says of each row of the vector index."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.errors import ArtifactError
from training.data.ontology import Ontology
from training.music.encode import EncodedClips

CATALOG_FILE = "catalog.arrow"

METADATA = {
    "format": "ambiance.music_catalog",
    "format_version": "2",
    "mood_names": ",".join(MOODS.names),  # axis of the column `moods`
    "vad_axes": ",".join(VAD_AXES),  # axis of the column `vad`
    "facet_names": ",".join(FACETS),  # axis of the column `facets`
    "trait_names": ",".join(TRAITS),  # axis of the column `traits`
}

_ENCODED = ("moods", "vad", "facets", "traits")  # columns that are outputs of the encoder


def build_catalog(
    facts: pa.Table, encoded: EncodedClips, ontology: Ontology, listenable: NDArray[np.bool_]
) -> pa.RecordBatch:
    """Lay clips and what the music encoder wrote of them out as columns, row for row.

    Columns: clip_id, youtube_id <utf8>; start_seconds, end_seconds <float32>; labels <list of utf8>,
    AudioSet's display names by class index; mood_labels <list of utf8>, the moods that AudioSet's
    annotators heard, mostly none; moods <float32>[7], the encoder's posterior; vad <float32>[3]; facets
    <float32>[12] and traits <float32>[3], the probability of each; listenable <bool>.

    Args:
        facts: the first six of these columns in one chunk, with indices in place of names.
        encoded: of the same clips.
        ontology: names the labels.
        listenable: <bool>[n] whether each clip is worth hearing.
    """
    columns = {name: facts[name].chunk(0) for name in facts.column_names}
    columns["labels"] = _named(columns["labels"], ontology.names)
    columns["mood_labels"] = _named(columns["mood_labels"], MOODS.names)
    columns |= {name: _fixed_lists(getattr(encoded, name)) for name in _ENCODED}
    columns["listenable"] = pa.array(listenable, pa.bool_())
    return pa.RecordBatch.from_pydict(columns).replace_schema_metadata(METADATA)


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


def _named(lists: pa.ListArray, names: Sequence[str]) -> pa.ListArray:
    """Lists of names for lists of their indices; each name is stored once."""
    values = pa.DictionaryArray.from_arrays(lists.values, pa.array(names, pa.utf8()))
    return pa.ListArray.from_arrays(lists.offsets, values)


def _fixed_lists(rows: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1), pa.float32()), rows.shape[1])
