"""The indexes that a Milvus server holds: opened, made and deleted by name."""

from dataclasses import dataclass

from pydantic import ValidationError

from ambiance.errors import NotFoundError, PeerError, PreconditionError
from ambiance.validation import shown
from music_index_service.milvus.clips import unpacked
from music_index_service.milvus.expressions import among
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.model import Model
from music_index_service.milvus.rows import DESCRIPTION, DESCRIPTION_KEY, SEQUENCE_KEY
from music_index_service.milvus.schema import (
    FLAT,
    Description,
    VectorIndex,
    alias_of,
    collection_of,
    index_and_number,
    schema,
)
from music_index_service.milvus.server import Server

RELEASED_INDEX = "default"  # its clips lie over those of a release


@dataclass(frozen=True)
class MilvusIndexes:
    """Asks Milvus each time: other processes make, replace and delete indexes, too."""

    server: Server
    model: Model
    vector_index: VectorIndex = FLAT

    def names(self) -> list[str]:
        """Names of all indexes, ascending."""
        named = map(index_and_number, self.server.collections())
        return sorted({of_index[0] for of_index in named if of_index is not None})

    def current(self, name: str) -> str | None:
        """The collection that an index is served from; None if there is no such index."""
        return self.server.collection(alias_of(name))

    def open(self, name: str) -> MilvusIndex:
        """An index, as it is served now.

        Raises:
            NotFoundError: if there is none of that name.
            PreconditionError: if it was made on a model with other spaces than the release's that is loaded.
        """
        collection = self.current(name)
        if collection is None:
            raise NotFoundError(f"index: no {shown(name)} in {self.server.name}")
        self.model.check(collection, self.description(collection))
        over_release = name == RELEASED_INDEX
        return MilvusIndex(name, self.server, collection, self.model, over_release, self.vector_index)

    def description(self, collection: str) -> Description:
        """What a collection says of itself.

        Raises:
            PeerError: if it isn't one of ours.
        """
        rows = self.server.query(collection, among("key", [DESCRIPTION_KEY]), ["document"])
        try:
            return Description.model_validate_json(unpacked(rows[0]["document"]))
        except (IndexError, ValidationError) as error:
            raise PeerError(f"{self.server.name}: {collection} describes no index of ours") from error

    def create(self, name: str) -> tuple[MilvusIndex, bool]:
        """An index to write to, and whether it was made now."""
        if self.current(name) is not None:
            return self.open(name), False
        left = max(self._numbers(name), default=1)
        collection = self.make_collection(name, left)
        if self._is_written(collection):  # its deletion was cut short, or another process is faster
            if self.current(name) is not None:
                return self.open(name), False
            written, collection = collection, self.make_collection(name, left + 1)
            self.server.point(alias_of(name), collection)
            self.server.drop(written)
        else:
            self.server.point(alias_of(name), collection)
        return self.open(name), True

    def make_collection(self, name: str, number: int = 1) -> str:
        """Make an empty collection for a version of an index, if it isn't there; no alias yet.

        Two processes may do it at once: they make the same.
        """
        collection = collection_of(name, number)
        description = Description(index=name, release=self.model.version, spaces=self.model.spaces)
        self.server.create(collection, schema(description.dimension), self.vector_index.params())
        about = self.model.rows.of_setting(DESCRIPTION, 0, description.model_dump_json())
        self.server.upsert(collection, [about])
        return collection

    def delete(self, name: str) -> int:
        """Delete an index with all its clips, whose number is returned.

        Raises:
            NotFoundError: if there is none of that name.
            PreconditionError: if it is the released one.
        """
        if name == RELEASED_INDEX:
            raise PreconditionError(f"name: {name} is the released index, which can't be deleted")
        index = self.open(name)
        count = len(index)
        self.server.drop_alias(alias_of(name))
        for number in self._numbers(name):
            self.server.drop(collection_of(name, number))
        return count

    def _numbers(self, name: str) -> list[int]:
        """Of the collections that there are of an index, whether it is served from them or not."""
        named = map(index_and_number, self.server.collections())
        return sorted(of_index[1] for of_index in named if of_index is not None and of_index[0] == name)

    def _is_written(self, collection: str) -> bool:
        """Whether clips were ever written to a collection."""
        return bool(self.server.query(collection, among("key", [SEQUENCE_KEY]), ["sequence"], newest=True))
