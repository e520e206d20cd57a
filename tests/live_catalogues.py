"""An index on disk that is written to, opened, compacted and compared with what it should hold: for tests."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ambiance import ClipFilter
from ambiance.affect import VAD_SPACE
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from live_models import clips, model, vectors_of
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.live.compacted import load_compacted
from music_index_service.live.compaction import compact
from music_index_service.live.live_index import LiveIndex
from music_index_service.live.write_outcome import Outcome
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Store


@dataclass
class Vector:
    """A query as it arrives."""

    values: list[float]
    space: str = VAD_SPACE
    lineage: str = ""


def described(clip: Clip) -> bytes:
    """Stands for the message that is made of a clip."""
    return repr(clip).encode()


class Catalogue:
    """An index on disk that can be closed and opened, and what should be in it."""

    def __init__(self, folder: Path, *, over_release: bool) -> None:
        self.folder, self.model = folder, model()
        self.released = self.model.released if over_release else None
        self.expected: dict[str, StoredClip] = {}
        if self.released is not None:
            for clip in clips([f"r-{i:03d}" for i in range(len(self.released))], 101):
                self.expected[clip.id] = clip
        self.published: list[IndexSnapshot] = []
        self.open()

    def open(self) -> None:
        store = Store.open(self.folder / "clips.sqlite")
        compacted = load_compacted(self.folder / "segments", self.model)
        self.index = LiveIndex("default", self.model, store, self.published.append, self.released, compacted)

    def reopen(self) -> None:
        self.index.close()
        self.open()

    def compact(self) -> None:
        store, segments = self.folder / "clips.sqlite", self.folder / "segments"
        compact(store, segments, self.model, over_release=self.released is not None)
        compacted = load_compacted(self.folder / "segments", self.model)
        assert compacted is not None
        self.index.adopt(compacted, self.model)

    def upsert(self, written: list[StoredClip]) -> list[Outcome]:
        outcomes, _ = self.index.upsert(written)
        assert outcomes == [
            Outcome.UNCHANGED
            if self.expected.get(clip.id) == clip and not clip.id.startswith("r-")
            else Outcome.UPDATED
            if clip.id in self.expected
            else Outcome.CREATED
            for clip in written
        ] or any(clip.id.startswith("r-") for clip in written)
        self.expected |= {clip.id: clip for clip in written}
        return outcomes

    def delete(self, ids: list[str]) -> None:
        outcomes, _ = self.index.delete(ids)
        assert outcomes == [Outcome.DELETED if each in self.expected else Outcome.NOT_FOUND for each in ids]
        for each in ids:
            self.expected.pop(each, None)

    def mark(self, ids: list[str], available: bool) -> None:
        outcomes, _ = self.index.set_available(ids, available)
        for each, outcome in zip(ids, outcomes, strict=True):
            if each not in self.expected:
                assert outcome is Outcome.NOT_FOUND
                continue
            self.expected[each] = StoredClip.FromString(self.expected[each].SerializeToString())
            self.expected[each].available = available

    def check(self) -> None:
        """Compare with a scan over what should be there, in VAD, where no price moves a clip."""
        snapshot = self.index.current
        assert len(snapshot) == len(self.expected)
        assert snapshot is self.published[-1]
        for conditions in (None, ClipFilter(labels=["Rock music"])):
            for everything in (False, True):
                query = [0.4, 0.6, 0.5]
                hits = snapshot.search(
                    [Vector(query)],
                    25,
                    0,
                    conditions,
                    include_unlistenable=everything,
                    include_unavailable=everything,
                )
                found = [snapshot.clip_id(handle) for handle in hits.handles[0].tolist()]
                answers = [
                    clip
                    for clip in self.expected.values()
                    if (everything or (clip.listenable and clip.available))
                    and (conditions is None or "Rock music" in clip.labels)
                ]
                if not answers:
                    assert found == []
                    continue
                apart = vectors_of(answers)[VAD_SPACE] - np.array(query, np.float32)
                near = sorted(zip((apart**2).sum(axis=1).tolist(), [c.id for c in answers], strict=True))
                np.testing.assert_allclose(hits.distances[0], [d for d, _ in near[:25]], atol=1e-5)
                assert set(found) <= {clip.id for clip in answers}
                for handle in hits.handles[0].tolist():
                    assert snapshot.message(handle, described) == described(snapshot.clip(handle))
                assert len(set(found)) == len(found) == min(25, len(answers))
                if conditions is not None:
                    assert hits.filtered is not None
                    held = sum("Rock music" in clip.labels for clip in self.expected.values())
                    assert hits.filtered.clip_count == held
        ids, token = [], ""
        while True:
            page = snapshot.page(7, token)
            ids += [snapshot.clip_id(handle) for handle in page.handles]
            if not (token := page.next_token):
                break
        assert ids == sorted(self.expected)
        for each in ids[:10]:
            handle = snapshot.handle_of(each)
            segment, row = snapshot.place(handle)
            assert segment.is_available(row) == self.expected[each].available
