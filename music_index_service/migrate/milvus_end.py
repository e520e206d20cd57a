"""An index in Milvus, as a migration reads and writes it."""

from collections.abc import Iterator, Mapping

from ambiance.attribute_conditions import BUILT_IN
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.migrate.ends import CARRIED
from music_index_service.milvus.changes import changes
from music_index_service.milvus.clips import MilvusClip
from music_index_service.milvus.indexes import RELEASED_INDEX, MilvusIndexes
from music_index_service.milvus.publishing import publish
from music_index_service.milvus.release import ReleasedIndex
from music_index_service.milvus.schema import RowState
from music_index_service.store.changes import Change, State


class MilvusEnd:
    """One index of a Milvus server."""

    def __init__(self, indexes: MilvusIndexes, index: str, release: ReleasedIndex, *, make: bool) -> None:
        """Open it, or make it where that is asked for: over the release if it is the released one.

        Raises:
            NotFoundError: if it isn't there.
            UnavailableError: if Milvus doesn't answer.
            PreconditionError: if it was made on another release.
        """
        if make and index == RELEASED_INDEX:
            publish(indexes, index, release)
        elif make:
            indexes.create(index)
        self._index = indexes.open(index)

    def changes(self) -> Iterator[list[Change]]:
        """See End."""
        for clips in changes(self._index.server, self._index.collection):
            yield [change for clip in clips if (change := _change(clip)).state in CARRIED]

    def write(self, changes: list[Change]) -> None:
        """See End."""
        index, sequence = self._index, self._index.writer.next_sequence()
        written = [StoredClip.FromString(one.document) for one in changes if one.state is State.WRITTEN]
        if written:
            states, none = [RowState.WRITTEN] * len(written), [()] * len(written)
            index.writer.put(written, index.model.place(written), sequence, states, none)
        if gone := [one.clip_id for one in changes if one.state is State.DELETED]:
            index.writer.put_deleted(gone, sequence)
        if unavailable := [one.clip_id for one in changes if one.state is State.UNAVAILABLE]:
            index.set_available(unavailable, False)

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """See End."""
        return {name: kind for name, kind in self._index.attribute_types.items() if name not in BUILT_IN}

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """See End."""
        self._index.learn_attribute_types(types)

    def close(self) -> None:
        """See End."""
        self._index.server.close()


def _change(clip: MilvusClip) -> Change:
    state = State(clip.state)
    return Change(clip.id, state, clip.document if state is State.WRITTEN else b"")
