"""From an artifact on disk to an index that is checked, warm and ready to be asked."""

from dataclasses import dataclass
from pathlib import Path

from ambiance import artifacts
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.index_format.match_probability import MATCH_PROBABILITY_FILE
from music_index_service import engines
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.searching.match_probability import Calibration, MatchProbability
from music_index_service.snapshot import IndexSnapshot


@dataclass(frozen=True)
class Release:
    """A released index, and what places other clips beside its own; None if it was published without."""

    artifact: artifacts.Artifact
    index: IndexSnapshot
    placement: PlacementModel | None


def load_index(name: str, root: Path, version: int | None = None) -> IndexSnapshot:
    """As `load_release`, for who only searches."""
    return load_release(name, root, version).index


def load_release(name: str, root: Path, version: int | None = None) -> Release:
    """Load a version of the music index under a name, the largest unless one is given.

    Raises:
        ArtifactError: if a file is missing or damaged, or manifest, vectors and catalogue disagree.
    """
    artifact = artifacts.load_newest_whole(root, artifacts.MUSIC_INDEX, version)
    manifest = artifact.manifest
    catalog = ClipCatalog.load(artifact.file(CATALOG_FILE))
    _check_size(artifact.path / artifacts.MANIFEST_FILE, manifest.counts.get("clips"), catalog)
    if not manifest.spaces:
        raise ArtifactError(f"{artifact.path}: the manifest names no space to search")
    vectors = {}
    for space in manifest.spaces:
        path = engines.vectors_path(artifact, space)
        vectors[space.name] = engines.load(path, space)
        _check_size(path, vectors[space.name].size, catalog)
    filters = ClipFilters(catalog, FilterVocabulary.load(artifact, catalog))
    notices = tuple(manifest.origin.notices)
    probability = _match_probability(artifact)
    index = IndexSnapshot.released(name, manifest.version, vectors, catalog, filters, probability, notices)
    return Release(artifact, index, PlacementModel.load(artifact))


def _match_probability(artifact: artifacts.Artifact) -> MatchProbability | None:
    """What the artifact's calibration says of the space that it is for; None if there is no such file."""
    if all(entry.path != MATCH_PROBABILITY_FILE for entry in artifact.manifest.files):
        return None
    path = artifact.file(MATCH_PROBABILITY_FILE)
    calibration = Calibration.load(path)
    space = artifact.space(calibration.space)
    if calibration.components > space.dimension:
        held = f"the space {space.name} has {space.dimension}"
        raise ArtifactError(f"{path}: components: {calibration.components}, {held}")
    return MatchProbability(calibration)


def _check_size(path: Path, size: int | None, catalog: ClipCatalog) -> None:
    if size != len(catalog):
        raise ArtifactError(f"{path}: {size} clips, {CATALOG_FILE} has {len(catalog)}")
