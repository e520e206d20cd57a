"""How an index lies in Milvus: a collection for each version, and an alias that stands for the current one.

A clip has a row for each space, since Milvus before 2.4 has one vector field a collection; its rows are
written together, by one call to one shard, so that no search finds them apart. Vectors of fewer components
than the longest end in zeros, which no squared distance feels. A deleted clip's rows stay, without content:
Milvus's own deletes aren't seen at Session consistency, and what isn't there can't keep the next release from
bringing a clip back.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pymilvus import DataType, MilvusClient

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.artifacts import Space

IndexType = Literal["FLAT", "IVF_FLAT"]

# Spaces are numbered in the order of the description; rows that no search may find have these instead.
DELETED, SETTING = -1, -2

# Of `document`: base64 in pieces that fit Milvus's longest text.
PIECE_CHARACTERS, MAX_PIECES = 65_535, 8
SCORES = len(MOODS.names) + len(FACETS) + len(TRAITS)

_ID_BYTES = 128 * 4  # a clip's id has at most 128 characters
_MAX_LABELS = 1_024  # of one clip; Milvus's limit is 4,096
_COLLECTION = re.compile(r"ambiance_((?:[a-z0-9]|__|_m)+)_v([1-9][0-9]*)").fullmatch


class RowState(IntEnum):
    """How a clip came to be as it is; the first four as `store.State` numbers them."""

    WRITTEN = 0
    DELETED = 1
    UNAVAILABLE = 2  # released, and found gone
    AVAILABLE = 3  # released, found gone, and back again
    RELEASED = 4


class Description(BaseModel):
    """What a collection says of itself: JSON, in a row that is no clip's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    release: int  # version of the music index on whose model it is made
    spaces: tuple[Space, ...]

    @property
    def dimension(self) -> int:
        """Components of a row's vector."""
        return max(space.dimension for space in self.spaces)


@dataclass(frozen=True)
class VectorIndex:
    """How Milvus finds the nearest vectors: FLAT is exact, IVF_FLAT looks through some of many lists."""

    type: IndexType = "FLAT"
    lists: int = 1_024  # of IVF_FLAT
    probes: int = 64  # lists that a search looks through; with all of them it is exact

    @property
    def search_params(self) -> dict[str, int]:
        """What a search says of it."""
        return {"nprobe": self.probes} if self.type == "IVF_FLAT" else {}

    def params(self) -> Any:
        """As pymilvus wants it."""
        params = MilvusClient.prepare_index_params()
        lists = {"nlist": self.lists} if self.type == "IVF_FLAT" else {}
        params.add_index("vector", index_type=self.type, metric_type="L2", params=lists)
        return params


FLAT = VectorIndex()


def alias_of(index: str) -> str:
    """The alias of an index: Milvus knows no hyphens in names."""
    return "ambiance_" + index.replace("_", "__").replace("-", "_m")


def collection_of(index: str, number: int) -> str:
    """The name of the collection that holds a version of an index."""
    return f"{alias_of(index)}_v{number}"


def index_and_number(collection: str) -> tuple[str, int] | None:
    """Which index a collection is of, and which of its versions; None if it isn't ours."""
    named = _COLLECTION(collection)
    if named is None:
        return None
    return re.sub("_(_|m)", lambda code: "_" if code[1] == "_" else "-", named[1]), int(named[2])


def schema(dimension: int) -> Any:
    """The fields of a collection with vectors of so many components, as pymilvus wants them."""
    fields = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    text = {"datatype": DataType.VARCHAR}
    fields.add_field("key", is_primary=True, max_length=_ID_BYTES + 16, **text)
    fields.add_field(
        "space", DataType.INT8
    )  # number of the space that the vector is in, or what isn't a clip
    fields.add_field("clip_id", max_length=_ID_BYTES, **text)
    fields.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    fields.add_field(
        "sequence", DataType.INT64
    )  # number of the write; 0 of a released clip that none touched
    fields.add_field("state", DataType.INT8)  # a RowState
    _add_list(fields, "document", DataType.VARCHAR, MAX_PIECES, max_length=PIECE_CHARACTERS)  # a StoredClip
    _add_list(fields, "mood_labels", DataType.INT8, len(MOODS.names))  # of a released clip, by number
    fields.add_field("youtube_id", max_length=64, **text)
    _add_list(fields, "labels", DataType.INT16, _MAX_LABELS)  # by number in the model's hierarchy
    fields.add_field("mood", DataType.INT8)  # the most probable, by number
    _add_list(fields, "scores", DataType.FLOAT, SCORES)  # of moods, facets and traits
    fields.add_field("attributes", DataType.JSON)  # of the metadata, see `attributes`
    fields.add_field("listenable", DataType.BOOL)
    fields.add_field("available", DataType.BOOL)
    return fields


def _add_list(fields: Any, name: str, element: DataType, capacity: int, **limits: int) -> None:
    fields.add_field(name, DataType.ARRAY, element_type=element, max_capacity=capacity, **limits)


def pieces(text: str) -> list[str]:
    """A document's text in as many pieces as it takes."""
    return [text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS)]


def described(spaces: Sequence[Space]) -> str:
    """Spaces in a message."""
    return json.dumps([f"{space.name} of lineage {space.lineage}" for space in spaces])[1:-1]
