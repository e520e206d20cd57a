"""The words that a filter over an index may use, from the files that its artifact holds for it."""

import logging
from dataclasses import dataclass

from ambiance.affect import MOODS
from ambiance.artifacts import Artifact
from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE
from ambiance.index_format.postings import ROWS_FILE, STARTS_FILE
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.postings import Postings

_FILES = (LABEL_HIERARCHY_FILE, ROWS_FILE, STARTS_FILE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilterVocabulary:
    """The labels and the moods that a filter may name, and the rows that have them."""

    labels: LabelHierarchy
    postings: Postings

    @classmethod
    def load(cls, artifact: Artifact, catalog: ClipCatalog) -> "FilterVocabulary | None":
        """Read and check the artifact's files; None, and a warning, if it was published without them.

        Raises:
            ArtifactError: if one is damaged, or doesn't fit the catalogue.
        """
        if {entry.path for entry in artifact.manifest.files}.isdisjoint(_FILES):
            _log.warning("%s: too old for filters by label or mood; publish it anew", artifact.path)
            return None
        for name in _FILES:
            artifact.file(name)  # requires it to be listed
        names = catalog.label_names
        labels = LabelHierarchy.load(artifact.file(LABEL_HIERARCHY_FILE), names)
        return cls(labels, Postings.load(artifact.path, len(names), len(MOODS.names), len(catalog)))
