"""Puts a release into Milvus as the next version of an index: a new collection, then the alias, in one step.

What was written to the version before is carried over, also what is written to it while replicas still serve
it; it is dropped after a grace.
"""

import logging
from collections.abc import Callable, Sequence
from time import monotonic, sleep

from music_index_service.milvus.changes import changes
from music_index_service.milvus.clips import MilvusClip
from music_index_service.milvus.index import MilvusIndex
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.release import ReleasedIndex
from music_index_service.milvus.schema import RowState, alias_of, index_and_number
from music_index_service.milvus.server import CollectionMissingError

GRACE_S = 60.0  # how long replicas may go on serving the version before
_CARRY_EVERY_S = 1.0

# How far the numbers of writes at one time may be apart, which replicas take from their clocks: microseconds.
_CLOCKS_APART = 60_000_000

_log = logging.getLogger(__name__)


def publish(
    indexes: MilvusIndexes,
    name: str,
    release: ReleasedIndex | None,
    grace_s: float = GRACE_S,
    sleep: Callable[[float], None] = sleep,
) -> MilvusIndex:
    """Serve an index on the model of `indexes` from now on; nothing is done if it is.

    Args:
        indexes: with the model.
        name: of the index.
        release: whose clips those of the index lie over; None for an index of clips of one's own alone.
        grace_s: how long the version before is kept, and what is written to it carried over.
        sleep: waits so many seconds.
    """
    server, before = indexes.server, indexes.current(name)
    if before is not None:
        held = indexes.description(before)
        if held.release == indexes.model.version:
            return indexes.open(name)
    collection = indexes.make_collection(name, _following(before))
    index = MilvusIndex(name, server, collection, indexes.model, release is not None, indexes.vector_index)
    if release is not None:
        _put_release(index, release)
    seen = _carry(index, before, -1, release) if before is not None else 0
    server.point(alias_of(name), collection)
    _log.info("published", extra={"index": name, "collection": collection, "clips": len(index)})
    if before is not None:
        until = monotonic() + grace_s
        while monotonic() < until:
            sleep(_CARRY_EVERY_S)
            seen = _carry(index, before, seen - _CLOCKS_APART, release)
        _carry(index, before, seen - _CLOCKS_APART, release)
        server.drop(before)
    return index


def _following(collection: str | None) -> int:
    """The number of the version that takes the place of one."""
    before = index_and_number(collection) if collection is not None else None
    return before[1] + 1 if before is not None else 1


def _put_release(index: MilvusIndex, release: ReleasedIndex) -> None:
    for some in release.batches():
        states = [RowState.RELEASED] * len(some.clips)
        index.writer.put(some.clips, some.vectors, 0, states, some.mood_labels)


def _carry(index: MilvusIndex, before: str, since: int, release: ReleasedIndex | None) -> int:
    """Carry over what was written to the collection before after `since`; the largest number seen."""
    seen = since + _CLOCKS_APART if since >= 0 else 0
    try:
        for clips in changes(index.server, before, since):
            seen = max(seen, *(clip.sequence for clip in clips))
            newer = _missing_in(index, clips)
            for sequence in sorted({clip.sequence for clip in newer}):
                _put(index, [clip for clip in newer if clip.sequence == sequence], sequence, release)
    except CollectionMissingError:  # another process has published it, and dropped it meanwhile
        pass
    return seen


def _missing_in(index: MilvusIndex, clips: Sequence[MilvusClip]) -> list[MilvusClip]:
    """Those of the clips that the index doesn't hold as new as they are."""
    held = index.sequences([clip.id for clip in clips])
    return [clip for clip in clips if held.get(clip.id, -1) < clip.sequence]


def _put(
    index: MilvusIndex, clips: Sequence[MilvusClip], sequence: int, release: ReleasedIndex | None
) -> None:
    written = [clip.stored for clip in clips if clip.state is RowState.WRITTEN]
    if written:
        states = [RowState.WRITTEN] * len(written)
        index.writer.put(written, index.model.place(written), sequence, states, [()] * len(written))
    if release is None:
        # nothing brings a deleted clip back but what was carried over before it was deleted
        held = index.get([clip.id for clip in clips if clip.state is RowState.DELETED])
        gone = [clip.id for clip in held if clip is not None]
    else:
        gone = [clip.id for clip in clips if clip.state is RowState.DELETED]
    if gone:
        index.writer.put_deleted(gone, sequence)
    if release is not None:
        _mark(
            index,
            [clip for clip in clips if clip.state in (RowState.UNAVAILABLE, RowState.AVAILABLE)],
            sequence,
            release,
        )


def _mark(index: MilvusIndex, clips: Sequence[MilvusClip], sequence: int, release: ReleasedIndex) -> None:
    """Let clips of the release be as available as they were found to be; those that it lacks are gone."""
    states = {clip.id: clip.state for clip in clips}
    rows = release.rows_of(list(states))
    if not len(rows):
        return
    some = release.take(rows)
    for clip in some.clips:
        clip.available = states[clip.id] is RowState.AVAILABLE
    marks = [states[clip.id] for clip in some.clips]
    index.writer.put(some.clips, some.vectors, sequence, marks, some.mood_labels)
