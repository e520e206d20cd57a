"""The clip catalogue as an Arrow IPC file: what music_index_service says of each row of the vector index."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.affect import MOODS
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE, COLUMNS, SCHEMA
from ambiance.placement.encoded_clips import OUTPUTS, EncodedClips
from training.data.ontology import Ontology

_ENCODED = [name for name in COLUMNS if name in OUTPUTS]


def build_catalog(
    facts: pa.Table, encoded: EncodedClips, ontology: Ontology, listenable: NDArray[np.bool_]
) -> pa.RecordBatch:
    """Lay clips and what the music encoder wrote of them out as the catalogue's columns, row for row.

    Args:
        facts: the first six of them in one chunk, with indices in place of names.
        encoded: of the same clips.
        ontology: names the labels.
        listenable: <bool>[n] whether each clip is worth hearing.
    """
    columns = {name: facts[name].chunk(0) for name in facts.column_names}
    columns["labels"] = _named(columns["labels"], ontology.names)
    columns["mood_labels"] = _named(columns["mood_labels"], MOODS.names)
    columns |= {name: _fixed_lists(getattr(encoded, name)) for name in _ENCODED}
    columns["listenable"] = pa.array(listenable, pa.bool_())
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


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
