"""Further versions of the released artifacts, marked so that an answer shows which of them made what."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from ambiance import artifacts
from ambiance.artifacts import MANIFEST_FILE, MUSIC_INDEX, TEXT_ENCODER
from ambiance.fixed_queries import FALLBACK_FILE
from ambiance.index_format.catalog import CATALOG_FILE
from text_encoders import RELEASED

FIRST = 5  # what the first copy of a release is called, whatever its own version
LINEAGE = artifacts.load(RELEASED, TEXT_ENCODER).space("mood").lineage
MARK_S = 1_000.0  # a clip of version n ends so many seconds later, n times
GIBBERISH = "qxz vrrk zzgh"  # answered with the fallback vector, whose first component is the version


def copy_releases(root: Path, *kinds: str) -> Path:
    """A folder of artifacts with version FIRST of these kinds, or of both, marked as such; returns it."""
    for kind in kinds or (MUSIC_INDEX, TEXT_ENCODER):
        publish_copy(root, kind, FIRST)
    return root


def publish_copy(root: Path, kind: str, version: int, lineage: str | None = None) -> Path:
    """Put a marked copy of the newest release in place in one rename, as `publish` does.

    `lineage` is that of its space "mood"; the released one's unless told.
    """
    final = root / kind / str(version)
    draft = final.with_name(f".{version}.partial")
    shutil.copytree(artifacts.load(RELEASED, kind).path, draft)
    mark = {MUSIC_INDEX: _mark_index, TEXT_ENCODER: _mark_encoder}[kind]
    marked = mark(draft, version)
    manifest = json.loads((draft / MANIFEST_FILE).read_text())
    manifest["version"] = version
    for space in manifest["spaces"]:
        if lineage is not None and space["name"] == "mood":
            space["lineage"] = lineage
    for entry in manifest["files"]:
        if entry["path"] == marked:
            path = draft / marked
            entry |= {"size_bytes": path.stat().st_size, "sha256": artifacts.file_sha256(path)}
    (draft / MANIFEST_FILE).write_text(json.dumps(manifest))
    artifacts.seal(draft)
    draft.rename(final)
    return final


def version_of_clip(end_seconds: float) -> int:
    """The version of the index that a clip comes from."""
    return int(end_seconds // MARK_S)


def _mark_index(folder: Path, version: int) -> str:
    path = folder / CATALOG_FILE
    with pa.OSFile(str(path)) as source:
        [batch] = pa.ipc.open_file(source).read_all().to_batches()
    column = batch.schema.get_field_index("end_seconds")
    ends = batch.column(column).to_numpy() + np.float32(version * MARK_S)
    field = batch.schema.field(column)
    batch = batch.set_column(column, field, pa.array(ends, field.type))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return CATALOG_FILE


def _mark_encoder(folder: Path, version: int) -> str:
    name = f"space/{FALLBACK_FILE}"
    vector = np.load(folder / name)
    vector[0] = version
    np.save(folder / name, vector)
    return name
