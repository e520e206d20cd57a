"""The clip catalogue as an Arrow IPC file."""

from pathlib import Path

import pyarrow as pa

from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE


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
