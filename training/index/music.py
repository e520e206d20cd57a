"""The clips of an index: those of AudioSet's splits that are pieces of music, gathered from spool files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ambiance.placement.encoded_clips import OUTPUTS, EncodedClips
from training.data.errors import DataError
from training.index.spool import read_part


@dataclass(frozen=True)
class Music:
    """Columns over n clips, ordered by clip id."""

    facts: pa.Table  # the other columns of spool files, in one chunk
    encoded: EncodedClips

    def __len__(self) -> int:
        return len(self.encoded)


def read_music(files: Sequence[Path]) -> Music:
    """Gather spool files into memory, about 210 bytes a clip.

    Raises:
        DataError: if a file is damaged, no clip is there, or two have one id.
    """
    spool = pa.concat_tables(map(read_part, files))
    if not len(spool):
        raise DataError("no clip of these splits is a piece of music")
    facts = spool.drop_columns(OUTPUTS).combine_chunks()
    order = pc.sort_indices(facts["clip_id"])
    facts = facts.take(order).combine_chunks()
    _require_distinct(facts["clip_id"])
    rows = order.to_numpy()
    return Music(facts, EncodedClips(**{name: _rows(spool[name])[rows] for name in OUTPUTS}))


def _rows(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """<float32>[n, k] of a column of fixed-size lists."""
    chunks = (chunk.flatten().to_numpy() for chunk in column.chunks)
    return np.concatenate(list(chunks)).reshape(len(column), -1)


def _require_distinct(clip_ids: pa.ChunkedArray) -> None:
    """Require of ascending ids that each stands once."""
    again = pc.index(pc.equal(clip_ids[1:], clip_ids[:-1]), True).as_py()
    if again >= 0:
        raise DataError(f"the clip {clip_ids[again]} stands twice in these splits")
