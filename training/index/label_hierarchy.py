"""AudioSet's hierarchy of labels as the index service reads it: for "Rock music" to mean "Grunge", too."""

import json
from pathlib import Path

from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE, LabelHierarchyRecord
from training.data.ontology import Ontology


def write_label_hierarchy(ontology: Ontology, folder: Path) -> None:
    """Write the display name of every class with those of the classes below it, at any depth.

    Classes that no clip is labelled with, "Human voice" say, stand there for those that are below them.
    """
    record = LabelHierarchyRecord(below=ontology.names_below())
    text = json.dumps(record.model_dump(), ensure_ascii=False, indent=1)
    (folder / LABEL_HIERARCHY_FILE).write_text(text + "\n", encoding="utf-8")
