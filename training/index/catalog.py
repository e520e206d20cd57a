"""The columns of the clip catalogue: what music_index_service says of each row of the vector index."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.affect import MOODS
from ambiance.index_format.catalog import COLUMNS, SCHEMA
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


def _named(lists: pa.ListArray, names: Sequence[str]) -> pa.ListArray:
    """Lists of names for lists of their indices; each name is stored once."""
    values = pa.DictionaryArray.from_arrays(lists.values, pa.array(names, pa.utf8()))
    return pa.ListArray.from_arrays(lists.offsets, values)


def _fixed_lists(rows: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1), pa.float32()), rows.shape[1])
