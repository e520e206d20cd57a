"""From an artifact on disk to an index that is checked, warm and ready to be asked."""

from pathlib import Path

from ambiance import artifacts
from ambiance.affect import VAD_SPACE, require_vad_lineage
from ambiance.errors import ArtifactError
from music_index_service.clip_catalog import ClipCatalog
from music_index_service.search import MusicIndex
from music_index_service.vector_index import VectorIndex

CATALOG_FILE = "catalog.arrow"


def load_index(name: str, root: Path, version: int | None = None) -> MusicIndex:
    """Load a version of the music index under a name, the largest unless one is given.

    Raises:
        ArtifactError: if a file is missing or damaged, manifest, vectors and catalogue disagree, or its VAD
            isn't the VAD of this build's label coordinates.
    """
    artifact = artifacts.load(root, artifacts.MUSIC_INDEX, version)
    manifest = artifact.manifest
    catalog = ClipCatalog.load(artifact.file(CATALOG_FILE))
    _check_size(artifact.path / artifacts.MANIFEST_FILE, manifest.counts.get("clips"), catalog)
    if not manifest.spaces:
        raise ArtifactError(f"{artifact.path}: the manifest names no space to search")
    vectors = []
    for space in manifest.spaces:
        if space.name == VAD_SPACE:
            require_vad_lineage(space.lineage, artifact.path)
        path = artifact.file(f"{space.name}.faiss")
        vectors.append(VectorIndex.load(path, space))
        _check_size(path, len(vectors[-1]), catalog)
    return MusicIndex(name, manifest.version, vectors, catalog, manifest.origin.notices)


def _check_size(path: Path, size: int | None, catalog: ClipCatalog) -> None:
    if size != len(catalog):
        raise ArtifactError(f"{path}: {size} clips, {CATALOG_FILE} has {len(catalog)}")
