"""An index that takes writes: each is durable in the store first, then part of the next snapshot.

    write ─> store (on disk) ─> applier, one thread: segments, masks ─> snapshot, published ─> answer

What is searched is the released index if there is one, what was written and compacted, and what was written
lately, in memory. A clip is alive in one of them: the latest write of it wins.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ambiance.errors import UnavailableError
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.live.model import IndexModel
from music_index_service.live.own_catalog import carry_messages
from music_index_service.live.parts import Compacted, Parts, Update
from music_index_service.live.turns import Turns
from music_index_service.live.write_outcome import Outcome
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Change, Kept, State, Store

# Of the store: the type of each attribute that clips bear, as JSON.
ATTRIBUTE_TYPES = "attribute_types"

_REPLAYED_AT_ONCE = 20_000  # clips, when the store is caught up with: bounds memory


class LiveIndex:
    """One index and its store. Any number of threads may write at once."""

    def __init__(
        self,
        name: str,
        model: IndexModel,
        store: Store,
        publish: Callable[[IndexSnapshot], None],
        released: IndexSnapshot | None = None,
        compacted: Compacted | None = None,
    ) -> None:
        """Catch up with the store and publish the first snapshot.

        Args:
            name: of the index.
            model: what written clips are searched like.
            store: its clips; closed with the index.
            publish: is given every snapshot, one after the other.
            released: the index that was released under this name, which writes lie over.
            compacted: what was compacted last; all of the store is replayed without it.
        """
        self.name, self.model, self.store = name, model, store
        self._publish = publish
        self._released = released
        self._parts = Parts(model, released, compacted, store)
        self._turns = Turns()
        # No other process writes to the store while it is open here, so it needn't be asked again.
        self._attribute_types: Mapping[str, str] = json.loads(store.setting(ATTRIBUTE_TYPES) or "{}")
        self._learning = Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = Lock()
        self._closed = False
        self._replay(self._parts)
        self._show()
        self._applier = Thread(target=self._apply_all, name=f"apply_{name}", daemon=True)
        self._applier.start()

    @property
    def current(self) -> IndexSnapshot:
        """What was published last."""
        return self._current

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """The type of each attribute that some clip was written with, by its name."""
        return self._attribute_types

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """Keep these types of further attributes."""
        with self._learning:
            known = {**self._attribute_types, **types}
            self.store.set_setting(ATTRIBUTE_TYPES, json.dumps(known, sort_keys=True))
            self._attribute_types = known  # a new one: others may be reading that before

    def changes_since_compaction(self) -> int:
        """Clips that changed since what was compacted last."""
        return self._parts.change_count

    def compacted_count(self) -> int:
        """Clips in what was compacted last."""
        return self._parts.compacted_count

    def upsert(self, clips: Sequence[StoredClip]) -> tuple[list[Outcome], int]:
        """Write clips of different ids; returns what became of each, and the number of the write.

        Raises:
            StorageError: if they can't be written; none is then.
            UnavailableError: if the index is closed.
        """
        written = {clip.id: clip for clip in clips}
        outcomes, changes = [], []
        with self._turns.of(written):
            before = self.store.get(list(written))
            there = self._there(list(written), before)
            for clip in clips:
                document = clip.SerializeToString(deterministic=True)
                kept = before.get(clip.id)
                if kept is not None and kept.state is State.WRITTEN and kept.document == document:
                    outcomes.append(Outcome.UNCHANGED)
                    continue
                outcomes.append(Outcome.UPDATED if clip.id in there else Outcome.CREATED)
                changes.append(Change(clip.id, State.WRITTEN, document))
            return outcomes, self._write(changes, written)

    def delete(self, clip_ids: Sequence[str]) -> tuple[list[Outcome], int]:
        """Delete clips; returns what became of each, and the number of the write. Raises as `upsert`."""
        with self._turns.of(clip_ids):
            snapshot, distinct = self._current, list(dict.fromkeys(clip_ids))
            handles = snapshot.find_each(distinct)
            found = [clip_id for clip_id, at in zip(distinct, handles, strict=True) if at is not None]
            sequence = self._write([Change(clip_id, State.DELETED) for clip_id in found], {})
        there = set(found)
        return [Outcome.DELETED if each in there else Outcome.NOT_FOUND for each in clip_ids], sequence

    def set_available(self, clip_ids: Sequence[str], available: bool) -> tuple[list[Outcome], int]:
        """Say whether clips can be played; returns what became of each, and the number of the write.

        Raises:
            as `upsert`.
        """
        with self._turns.of(clip_ids):
            outcomes, sequence = self._mark(list(dict.fromkeys(clip_ids)), available)
        return [outcomes[clip_id] for clip_id in clip_ids], sequence

    def _mark(self, clip_ids: Sequence[str], available: bool) -> tuple[dict[str, Outcome], int]:
        before, snapshot = self.store.get(clip_ids), self._current
        outcomes: dict[str, Outcome] = {}
        changes, written = [], {}
        for clip_id, handle in zip(clip_ids, snapshot.find_each(clip_ids), strict=True):
            if handle is None:
                outcomes[clip_id] = Outcome.NOT_FOUND
                continue
            segment, row = snapshot.place(handle)
            if segment.is_available(row) == available:
                outcomes[clip_id] = Outcome.UNCHANGED
                continue
            outcomes[clip_id] = Outcome.UPDATED
            kept = before.get(clip_id)
            if kept is not None and kept.state is State.WRITTEN:
                clip = StoredClip.FromString(kept.document)
                clip.available = available
                written[clip_id] = clip
                document = clip.SerializeToString(deterministic=True)
                changes.append(Change(clip_id, State.WRITTEN, document))
            else:
                changes.append(Change(clip_id, State.AVAILABLE if available else State.UNAVAILABLE))
        return outcomes, self._write(changes, written)

    def rebase(self, model: IndexModel, compacted: Compacted | None) -> None:
        """Search what was written like another version of the released index, over it if it lay over one.

        `compacted` is what fits that version, as for a new index.
        """

        def swap() -> None:
            released = model.released if self._released is not None else None
            parts = Parts(model, released, compacted, self.store)
            self._replay(parts)
            self.model, self._released, self._parts = model, released, parts

        self._do(swap)

    def adopt(self, compacted: Compacted, model: IndexModel) -> None:
        """Search what was compacted in place of the segments that it was made of.

        Without an effect if another model than the one it was made on is served meanwhile.
        """
        if compacted.segment is not None and self.model is model:
            carry_messages(self._current.segments, compacted.segment)
        self._do(lambda: self._parts.adopt(compacted) if self.model is model else None)

    def close(self) -> None:
        """End what was begun, then close the store. Without an effect if it is closed."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._applier.join()
        self.store.close()

    def _there(self, clip_ids: Sequence[str], before: Mapping[str, Kept]) -> set[str]:
        """Those of some clips that the index has, by its store if that tells of all."""
        if self._released is None:
            return {clip_id for clip_id, kept in before.items() if kept.state is State.WRITTEN}
        handles = self._current.find_each(clip_ids)
        return {clip_id for clip_id, handle in zip(clip_ids, handles, strict=True) if handle is not None}

    def _write(self, changes: Sequence[Change], written: dict[str, StoredClip]) -> int:
        if not changes:
            return self._current.sequence
        sequence = self.store.commit(changes)
        updates = [Update(each.clip_id, sequence, each.state, written.get(each.clip_id)) for each in changes]
        self._do(lambda: self._parts.apply(updates), updates)
        return sequence

    def _do(self, change: Callable[[], None], updates: "Sequence[Update]" = ()) -> None:
        """Let the applier make a change, and wait until it is published."""
        job = _Job(change, updates)
        with self._closing:
            if self._closed:
                raise UnavailableError(f"index {self.name}: is closed")
            self._jobs.put(job)
        job.done.wait()
        if job.error is not None:
            raise job.error

    def _apply_all(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            while not self._jobs.empty():  # those that came meanwhile are published together
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)
                    break
                jobs.append(following)
            self._run(jobs)

    def _run(self, jobs: "Sequence[_Job]") -> None:
        updates: list[Update] = []
        for job in jobs:
            if job.updates:
                updates += job.updates
                continue
            try:
                job.change()
            except Exception as error:  # its caller is told
                job.error = error
        try:
            self._parts.apply(updates)
            self._show(list({update.clip_id: None for update in updates}))
        except Exception as error:
            for job in jobs:
                job.error = job.error or error
        for job in jobs:
            job.done.set()

    def _replay(self, parts: Parts) -> None:
        """Apply all that was written since what was compacted."""
        updates: list[Update] = []
        for kept in self.store.since(parts.compacted_sequence):
            clip = StoredClip.FromString(kept.document) if kept.state is State.WRITTEN else None
            updates.append(Update(kept.clip_id, kept.sequence, kept.state, clip))
            if len(updates) == _REPLAYED_AT_ONCE:
                parts.apply(updates)
                updates = []
        parts.apply(updates)

    def _show(self, changed: Sequence[str] = ()) -> None:
        version = self._released.version if self._released is not None else 1
        source = self._released if self._released is not None else self.model.released
        self._current = replace(
            source,
            name=self.name,
            version=version,
            segments=self._parts.segments(),
            sequence=self._parts.sequence,
            writable=True,
            changed=changed,
        )
        self._publish(self._current)


class _Job:
    """A change that waits for the applier; writes give their updates, so that several become one segment."""

    def __init__(self, change: Callable[[], None], updates: Sequence[Update]) -> None:
        self.change, self.updates = change, updates
        self.done = Event()
        self.error: Exception | None = None
