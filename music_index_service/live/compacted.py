"""What was compacted, read from disk."""

import logging
import shutil
from pathlib import Path

import numpy as np

from ambiance import artifacts
from ambiance.affect import MOODS
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE
from music_index_service import engines
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.postings import Postings
from music_index_service.filtering.attribute_file import ATTRIBUTES_FILE, load_attributes
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters
from music_index_service.live.model import IndexModel
from music_index_service.live.parts import Compacted
from music_index_service.segment import Segment

KIND = "segment"  # of the artifact; its manifest has these beside what every manifest has
SEQUENCE = "sequence"  # among the counts: the last write that it holds
WORTH_FILE = "worth.npy"  # <float32>[texts] see `ambiance.placement.standing`

logger = logging.getLogger(__name__)


def load_compacted(root: Path, model: IndexModel) -> Compacted | None:
    """The newest segment below a folder that is whole and fits the model; None if there is none.

    What it can't give is in the store: one that is damaged is warned of, and made anew in time.
    """
    if not artifacts.versions(root, KIND):
        return None
    try:
        artifact = artifacts.load_newest_whole(root, KIND)
        if artifact.manifest.counts["clips"] and not _fits(artifact, model):
            logger.info("the segment is of another release", extra={"path": str(artifact.path)})
            return None
        return _compacted(artifact, model)
    except (ArtifactError, KeyError) as error:
        logger.warning("no segment can be read; the store is", extra={"reason": str(error)})
        return None


def keep_newest(root: Path, count: int) -> None:
    """Remove all segments below a folder but the newest: what is mapped of one stays until it is let go."""
    for number in artifacts.versions(root, KIND)[:-count]:
        shutil.rmtree(root / KIND / str(number), ignore_errors=True)


def remove_drafts(root: Path) -> None:
    """Remove what compactions left that were killed; none may run."""
    for draft in (root / KIND).glob(".*.partial"):
        shutil.rmtree(draft, ignore_errors=True)


def remove_later(root: Path, sequence: int) -> None:
    """Remove the segments below a folder that claim writes after that one, of which the store knows nothing.

    They are of writes that a restored backup lacks: those that follow would get their numbers.
    """
    for number in artifacts.versions(root, KIND):
        try:
            claimed = artifacts.read_manifest(root, KIND, number).counts[SEQUENCE]
        except (ArtifactError, KeyError):
            continue  # it will never be loaded
        if claimed > sequence:
            facts = {"path": str(root / KIND / str(number)), "sequence": claimed, "store_sequence": sequence}
            logger.warning("removed a segment of writes that the store doesn't know", extra=facts)
            shutil.rmtree(root / KIND / str(number))


def _fits(artifact: artifacts.Artifact, model: IndexModel) -> bool:
    return {space.name: space for space in artifact.manifest.spaces} == model.spaces


def _compacted(artifact: artifacts.Artifact, model: IndexModel) -> Compacted | None:
    manifest = artifact.manifest
    sequence, size = manifest.counts[SEQUENCE], manifest.counts["clips"]
    if not size:
        return Compacted(None, sequence, None)
    catalog = ClipCatalog.load(artifact.file(CATALOG_FILE))
    if catalog.label_names != model.label_names:
        logger.info("the segment bears labels of another release", extra={"path": str(artifact.path)})
        return None
    held = {
        space.name: engines.load(engines.vectors_path(artifact, space), space) for space in manifest.spaces
    }
    for space, engine in held.items():
        if engine.size != len(catalog):
            raise ArtifactError(f"{artifact.path}: {engine.size} vectors of {space}, {len(catalog)} clips")
    postings = Postings.load(artifact.path, len(model.label_names), len(MOODS.names), len(catalog))
    attributes = load_attributes(artifact.file(ATTRIBUTES_FILE), len(catalog))
    filters = ClipFilters(catalog, FilterVocabulary(model.labels, postings), attributes)
    worth = np.load(artifact.file(WORTH_FILE), allow_pickle=False) if catalog.listenable().any() else None
    return Compacted(Segment(held, catalog, filters, None, catalog.unavailable()), sequence, worth)
