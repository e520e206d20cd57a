"""Which labels are below which: one JSON file."""

from pydantic import BaseModel, ConfigDict

LABEL_HIERARCHY_FILE = "label_hierarchy.json"


class LabelHierarchyRecord(BaseModel):
    """`label_hierarchy.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    below: dict[str, list[str]]  # name of each label, and of those above any -> names below it, at any depth
