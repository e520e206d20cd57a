"""An index that Milvus serves: what `index_port` promises of an index, asked of one collection."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import MOODS
from ambiance.artifacts import Space
from ambiance.clip_filter import ATTRIBUTES_PATH, Conditions, check_filter
from ambiance.errors import NotFoundError
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from ambiance.validation import shown
from music_index_service.catalog.asked_clips import check_id, check_ids, first_clip, page_size, unknown_clips
from music_index_service.catalog.clip_catalog import Clip
from music_index_service.catalog.labels import Label
from music_index_service.catalog.page_token import PageToken
from music_index_service.filtering.attributes import check_attributes
from music_index_service.filtering.canonical_filter import CanonicalFilter, canonical
from music_index_service.index_port import Answers, Asked, Hits, Page
from music_index_service.live.write_outcome import Outcome
from music_index_service.milvus import expressions
from music_index_service.milvus.answers import MilvusAnswers
from music_index_service.milvus.clips import FIELDS, MilvusClip, unpacked
from music_index_service.milvus.counts import Remembered
from music_index_service.milvus.handles import Handles
from music_index_service.milvus.label_counts import LabelCounts
from music_index_service.milvus.model import Model
from music_index_service.milvus.rows import DESCRIPTION, SEQUENCE, SEQUENCE_KEY, key_of
from music_index_service.milvus.schema import FLAT, SETTING, VectorIndex
from music_index_service.milvus.server import Row, Server
from music_index_service.milvus.writer import Writer
from music_index_service.searching.queries import Query
from music_index_service.searching.search import answers_asked, search
from music_index_service.searching.selection import NO_LIMITS, Limits

_MAX_KEYS = 1_000  # named in one expression


@dataclass(frozen=True, eq=False)
class MilvusIndex:
    """The clips of one collection, to be searched and written to. Any number of threads may ask at once.

    Every method raises UnavailableError, naming Milvus and its address, if Milvus doesn't answer.
    """

    name: str
    server: Server
    collection: str
    model: Model  # on which its vectors are made
    over_release: bool  # whether its clips lie over those of a release
    vector_index: VectorIndex = FLAT
    writable: bool = True
    handles: Handles = field(default_factory=Handles)

    @property
    def version(self) -> int:
        """Version of the release on whose model it is made; 1 if it isn't one, as elsewhere."""
        return self.model.version if self.over_release else 1

    @property
    def notices(self) -> Sequence[str]:
        """Attributions and terms that users must see."""
        return self.model.notices

    @cached_property
    def spaces(self) -> Mapping[str, Space]:
        """The spaces that may be searched, by name."""
        return {space.name: space for space in self.model.spaces}

    def number_of(self, space: str) -> int:
        """By which rows tell what space they are in."""
        return list(self.spaces).index(space)

    def __len__(self) -> int:
        """Clips held."""
        return self.count(expressions.answers(0, unlistenable=True, unavailable=True))

    def without(self, clip_ids: Sequence[str]) -> "MilvusIndex":
        """Itself: what is written shows at once."""
        return self

    @property
    def sequence(self) -> int:
        """Number of the last write that it holds; 0 if there was none."""
        rows = self.server.query(self.collection, expressions.among("key", [SEQUENCE_KEY]), ["sequence"])
        return int(rows[0]["sequence"]) if rows else 0

    def search(
        self,
        queries: Sequence[Query],
        k: int,
        seed: int = 0,
        conditions: Conditions | None = None,
        *,
        include_unlistenable: bool = False,
        include_unavailable: bool = False,
        limits: Limits = NO_LIMITS,
    ) -> Hits:
        """See `IndexSnapshot.search`."""
        return search(
            self,
            self.model.match_probability,
            queries,
            k,
            seed,
            conditions,
            include_unlistenable=include_unlistenable,
            include_unavailable=include_unavailable,
            limits=limits,
        )

    def answers_to(
        self,
        space: str,
        conditions: Conditions | None,
        *,
        include_unlistenable: bool,
        include_unavailable: bool,
    ) -> MilvusAnswers:
        """See `IndexSnapshot.answers_to`."""
        return MilvusAnswers(
            self,
            space,
            conditions,
            include_unlistenable=include_unlistenable,
            include_unavailable=include_unavailable,
        )

    def answers(self, space: str, options: Asked) -> Answers:
        """See `IndexSnapshot.answers`."""
        return answers_asked(self, space, options)

    def expected_queries(self) -> Mapping[str, NDArray[np.float32]]:
        """See `IndexSnapshot.expected_queries`."""
        return self.model.expected_queries

    def handle_of(self, clip_id: str) -> int:
        """See `IndexSnapshot.handle_of`."""
        check_id(clip_id)
        return self._numbered([clip_id], "clip_id")[0]

    def handles_of(self, clip_ids: Sequence[str]) -> list[int]:
        """See `IndexSnapshot.handles_of`."""
        check_ids(clip_ids)
        return self._numbered(clip_ids, "clip_ids")

    def clip(self, handle: int) -> Clip:
        """The clip of a handle."""
        return self.handles.clip(handle).clip

    def is_available(self, handle: int) -> bool:
        """Whether the clip of a handle can be played."""
        return self.handles.clip(handle).stored.available

    def message(self, handle: int, make: Callable[[Clip], bytes]) -> bytes:
        """See `IndexSnapshot.message`."""
        return self.handles.clip(handle).message(make)

    def page(self, size: int, token: str) -> Page:
        """See `IndexSnapshot.page`."""
        size = page_size(size)
        first = key_of(0, first_clip(token, self.version, self.name) if token else "")
        condition = expressions.every("space == 0", f"key >= {expressions.literal(first)}")
        rows = self.server.query(self.collection, condition, FIELDS, size + 1)
        clips = self.handles.of(sorted(rows, key=lambda row: row["clip_id"]))
        handles = [clip.handle for clip in clips]
        if len(clips) <= size:
            return Page(handles, "")
        following = PageToken(self.version, self.name, clips[size].id)
        return Page(handles[:size], following.encode())

    def labels(self, prefix: str = "", parent: str = "") -> list[Label]:
        """The labels that conditions may name, see `labels.LabelList`, which tells of the errors, too."""
        return self._labels.find(prefix, parent)

    def get(self, clip_ids: Sequence[str]) -> list[MilvusClip | None]:
        """Clips by ids, in their order; None for those that aren't there."""
        rows = self._rows(0, clip_ids, FIELDS, "space == 0")
        return [MilvusClip(rows[clip_id]) if clip_id in rows else None for clip_id in clip_ids]

    def get_newest(self, clip_ids: Sequence[str]) -> tuple[list[MilvusClip | None], int]:
        """What `get` gives as the last acknowledged write left it, whoever wrote; and the number of that."""
        held: dict[str, MilvusClip] = {}
        sequence = 0
        for some in list(_parts(clip_ids)) or [()]:
            keys = [SEQUENCE_KEY, *(key_of(0, clip_id) for clip_id in some)]
            rows = self.server.query(self.collection, expressions.among("key", keys), FIELDS, newest=True)
            sequence = max([sequence, *(int(row["sequence"]) for row in rows)])  # of deleted clips, too
            held |= {row["clip_id"]: MilvusClip(row) for row in rows if row["space"] == 0}
        return [held.get(clip_id) for clip_id in clip_ids], sequence

    def sequences(self, clip_ids: Sequence[str]) -> dict[str, int]:
        """Number of the last write of each clip, of deleted ones too; without those that were never there."""
        rows = self._rows(0, clip_ids, ["clip_id", "sequence"])
        return {clip_id: int(row["sequence"]) for clip_id, row in rows.items()}

    def vectors(self, space: str, clips: Sequence[MilvusClip]) -> NDArray[np.float32]:
        """<float32>[n, dimension] the vectors of clips in a space, whatever space they were found in."""
        number, dimension = self.number_of(space), self.spaces[space].dimension
        seen = [clip.vector(number) for clip in clips]
        unseen = [clip.id for clip, vector in zip(clips, seen, strict=True) if vector is None]
        rows = self._rows(number, unseen, ["clip_id", "vector"], f"space == {number}") if unseen else {}
        if gone := set(unseen) - rows.keys():
            raise NotFoundError(f"clip_ids: the index {self.name} has no clip {shown(min(gone))} any more")
        vectors = [
            rows[clip.id]["vector"] if vector is None else vector
            for clip, vector in zip(clips, seen, strict=True)
        ]
        return np.array([vector[:dimension] for vector in vectors], np.float32).reshape(len(clips), dimension)

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """The type of each attribute that some clip was written with, by its name."""
        return self._types.get("")

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """Keep these types of further attributes."""
        self.writer.learn_attribute_types(types)

    def upsert(self, clips: Sequence[StoredClip]) -> tuple[list[Outcome], int]:
        """Write complete clips of different ids; what became of each, and the number of the write."""
        return self.writer.upsert(clips)

    def delete(self, clip_ids: Sequence[str]) -> tuple[list[Outcome], int]:
        """Delete clips; what became of each, and the number of the write."""
        return self.writer.delete(clip_ids)

    def set_available(self, clip_ids: Sequence[str], available: bool) -> tuple[list[Outcome], int]:
        """Say of clips whether they can be played; what became of each, and the number of the write."""
        return self.writer.set_available(clip_ids, available)

    def count(self, condition: str) -> int:
        """How many rows meet a condition; for a second what other replicas write may be missing."""
        return self._counts.get(condition)

    def canonical(self, conditions: Conditions) -> CanonicalFilter:
        """Conditions in one form.

        Raises:
            InvalidInputError: if they break their limits, or name what the index doesn't know.
        """
        check_filter(conditions, MOODS.names)
        named = canonical(conditions, self.model.labels, include_unlistenable=False)
        if named.attributes:
            check_attributes(ATTRIBUTES_PATH, named.attributes, self.attribute_types)
        return named

    def unknown(self, field: str, *named: Sequence[str]) -> tuple[str, ...]:
        """Which of the values named no clip has, ascending."""
        values = sorted(set().union(*named))
        held: set[str] = set()
        for some in _parts(values):
            among = expressions.every("space == 0", expressions.among(field, some))
            held |= {row[field] for row in self.server.query(self.collection, among, [field])}
        return tuple(value for value in values if value not in held)

    def forget_counts(self) -> None:
        """Count anew from now on: something was written."""
        self._counts.forget()
        self._types.forget()

    @cached_property
    def writer(self) -> Writer:
        """What writes to it."""
        return Writer(self)

    def _numbered(self, clip_ids: Sequence[str], path: str) -> list[int]:
        rows = self._rows(0, clip_ids, FIELDS, "space == 0")
        if unknown := [clip_id for clip_id in clip_ids if clip_id not in rows]:
            raise unknown_clips(path, self.name, unknown)
        return [clip.handle for clip in self.handles.of(rows[clip_id] for clip_id in clip_ids)]

    def _rows(
        self,
        space: int,
        clip_ids: Sequence[str],
        fields: Sequence[str],
        condition: str = "",
    ) -> dict[str, Row]:
        """Rows of clips in a space by their ids, of those that are there and meet a condition."""
        held: dict[str, Row] = {}
        for some in _parts(clip_ids):
            among = expressions.among("key", [key_of(space, clip_id) for clip_id in some])
            met = expressions.every(condition, among)
            for row in self.server.query(self.collection, met, fields):
                held[row["clip_id"]] = row
        return held

    @cached_property
    def _counts(self) -> Remembered[int]:
        return Remembered(lambda condition: self.server.count(self.collection, condition))

    @cached_property
    def _types(self) -> Remembered[dict[str, str]]:
        return Remembered(lambda _: self._read_types())

    def _read_types(self) -> dict[str, str]:
        rows = self.server.query(self.collection, f"space == {SETTING}", ["clip_id", "document"])
        named = {row["clip_id"]: unpacked(row["document"]).decode() for row in rows}
        return {name: kind for name, kind in named.items() if name not in (SEQUENCE, DESCRIPTION)}

    @cached_property
    def _labels(self) -> LabelCounts:
        return LabelCounts(self.model.labels, lambda met: self.count(expressions.every("space == 0", met)))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _MAX_KEYS] for start in range(0, len(values), _MAX_KEYS))
