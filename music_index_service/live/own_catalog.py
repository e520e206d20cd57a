"""Written clips as the columns of a catalogue, and as a segment in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE, MOODS, VAD_SPACE
from ambiance.index_format.catalog import COLUMNS, OWN, OWN_SCHEMA
from ambiance.index_writing.postings import list_postings
from ambiance.placement.encoded_clips import EncodedClips
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service import engines
from music_index_service.catalog.clip_catalog import ClipCatalog
from music_index_service.catalog.postings import Postings
from music_index_service.filtering.attributes import ClipAttributes
from music_index_service.filtering.filter_vocabulary import FilterVocabulary
from music_index_service.filtering.filters import ClipFilters
from music_index_service.live.model import IndexModel, Pricing
from music_index_service.segment import Segment

Vectors = dict[str, NDArray[np.float32]]  # space -> [n, dimension]

_SCORES = {name: type_ for name, type_ in COLUMNS.items() if pa.types.is_fixed_size_list(type_)}


# AudioSet's labels that name a mood
_MOOD_OF_LABEL = {f"{mood.capitalize()} music": number for number, mood in enumerate(MOODS.names)}


@dataclass(frozen=True, slots=True)
class Written:
    """A clip and the number of the write that it is from."""

    clip: StoredClip
    sequence: int


@dataclass(frozen=True)
class OwnColumns:
    """Clips laid out as a catalogue, ordered by id, with what is heard in them and their attributes."""

    catalog: pa.RecordBatch
    heard: EncodedClips
    attributes: ClipAttributes


def columns_of(written: Sequence[Written], model: IndexModel) -> OwnColumns:
    """Lay clips of different ids, at least one, out.

    A label that the model doesn't know any more is left out: it was of another release.
    """
    ordered = sorted(written, key=lambda each: each.clip.id)
    clips = [each.clip for each in ordered]
    heard = EncodedClips.unpacked([clip.heard for clip in clips])
    known = model.label_numbers
    labels = [list(clip.labels) for clip in clips]
    numbers = [[known[name] for name in of_clip if name in known] for of_clip in labels]
    metadata = [clip.metadata if clip.HasField("metadata") else None for clip in clips]
    documents = [b"" if each is None else each.SerializeToString(deterministic=True) for each in metadata]
    columns = {
        "clip_id": [clip.id for clip in clips],
        "youtube_id": [clip.youtube_id for clip in clips],
        "start_seconds": [clip.start_seconds for clip in clips],
        "end_seconds": [clip.end_seconds for clip in clips],
        "listenable": [clip.listenable for clip in clips],
        "available": [clip.available for clip in clips],
        "metadata": documents,
        "sequence": [each.sequence for each in ordered],
    }
    arrays = {name: pa.array(values, (COLUMNS | OWN)[name]) for name, values in columns.items()}
    arrays["labels"] = _name_lists(numbers, model.label_names)
    moods = [[_MOOD_OF_LABEL[name] for name in of_clip if name in _MOOD_OF_LABEL] for of_clip in labels]
    arrays["mood_labels"] = _name_lists(moods, MOODS.names)
    for name, type_ in _SCORES.items():
        flat = pa.array(np.ascontiguousarray(getattr(heard, name)).reshape(-1), pa.float32())
        arrays[name] = pa.FixedSizeListArray.from_arrays(flat, type_.list_size)
    batch = pa.RecordBatch.from_arrays([arrays[name] for name in OWN_SCHEMA.names], schema=OWN_SCHEMA)
    return OwnColumns(batch, heard, ClipAttributes.of(metadata))


def joined(parts: Sequence[OwnColumns]) -> OwnColumns:
    """What `columns_of` made of different clips, at least one part, as if of all together."""
    table = pa.Table.from_batches([part.catalog for part in parts])
    order = pc.sort_indices(table["clip_id"]).to_numpy()  # by bytes, that is by code points
    heard = EncodedClips.of_matrix(np.concatenate([part.heard.matrix() for part in parts])[order])
    sizes = [len(part.attributes) for part in parts]
    places = _places([np.arange(size) for size in sizes], sizes, order)
    attributes = ClipAttributes.joined([part.attributes for part in parts], places, len(order))
    (batch,) = table.take(order).combine_chunks().to_batches()
    return OwnColumns(batch, heard, attributes)


def memory_segment(written: Sequence[Written], model: IndexModel, pricing: Pricing) -> Segment:
    """A segment of clips of different ids, at least one, in memory."""
    columns = columns_of(written, model)
    vectors = {VAD_SPACE: columns.heard.vad, MOOD_SPACE: pricing.place(columns.heard)}
    return _segment(columns.catalog, columns.attributes, vectors, model)


def merged(segments: Sequence[Segment], model: IndexModel) -> Segment | None:
    """One segment in memory of the clips of several that aren't dead; None if all are."""
    alive = [
        np.flatnonzero(~segment.dead) if segment.dead is not None else np.arange(len(segment.catalog))
        for segment in segments
    ]
    if not sum(map(len, alive)):
        return None
    tables = [
        pa.Table.from_batches([segment.catalog.batch]).take(rows)
        for segment, rows in zip(segments, alive, strict=True)
    ]
    table = pa.concat_tables(tables).combine_chunks()
    order = pc.sort_indices(table["clip_id"]).to_numpy()  # by bytes, that is by code points
    vectors = {
        space: np.concatenate(
            [segment.engines[space].vectors(rows) for segment, rows in zip(segments, alive, strict=True)]
        )[order]
        for space in segments[0].engines
    }
    places = _places(alive, [len(segment.catalog) for segment in segments], order)
    attributes = [segment.filters.attributes for segment in segments]
    (batch,) = table.take(order).combine_chunks().to_batches()
    made = _segment(batch, ClipAttributes.joined(attributes, places, len(order)), vectors, model)
    for segment, rows in zip(segments, places, strict=True):
        kept = segment.messages.kept()
        made.messages.keep_each(rows[list(kept)], kept.values())
    return made


def carry_messages(segments: Sequence[Segment], compacted: Segment) -> None:
    """Keep with what was compacted the messages that segments keep of clips that haven't changed since."""
    numbers = sequences(compacted)
    for segment in segments:
        if not segment.catalog.is_own:  # a release, whose clips have no numbers of writes
            continue
        kept = segment.messages.kept()
        of_segment = np.array(list(kept), np.int64)
        rows = compacted.catalog.rows_of([segment.catalog.clip_id(row) for row in kept])
        same = (rows >= 0) & (numbers[rows] == sequences(segment)[of_segment])
        compacted.messages.keep_each(np.where(same, rows, -1), kept.values())


def sequences(segment: Segment) -> NDArray[np.int64]:
    """<int64>[clips] the number of the write that each clip is from."""
    numbers: NDArray[np.int64] = segment.catalog.batch.column("sequence").to_numpy()
    return numbers


def _places(
    alive: Sequence[NDArray[np.int64]], sizes: Sequence[int], order: NDArray[np.int64]
) -> list[NDArray[np.int32]]:
    """For each segment where its rows come <int32>[size], -1 for those that aren't `alive`.

    The clips come one segment after the other, then ordered.
    """
    new_rows = np.empty(len(order), np.int32)
    new_rows[order] = np.arange(len(order), dtype=np.int32)
    places, start = [], 0
    for rows, size in zip(alive, sizes, strict=True):
        of_segment = np.full(size, -1, np.int32)
        of_segment[rows] = new_rows[start : start + len(rows)]
        start += len(rows)
        places.append(of_segment)
    return places


def _segment(
    batch: pa.RecordBatch, attributes: ClipAttributes, vectors: Vectors, model: IndexModel
) -> Segment:
    catalog = ClipCatalog(batch)
    rows, starts = list_postings(batch)
    vocabulary = FilterVocabulary(model.labels, Postings(rows, starts, len(model.label_names)))
    spaces = {name: engines.flat(vectors[name], space) for name, space in model.spaces.items()}
    filters = ClipFilters(catalog, vocabulary, attributes)
    return Segment(spaces, catalog, filters, None, catalog.unavailable())


def _name_lists(numbers: Sequence[Sequence[int]], names: Sequence[str]) -> pa.ListArray:
    """Lists of names by number, each name stored once."""
    ends = np.cumsum([0, *map(len, numbers)]).astype(np.int32)
    indices = pa.array([number for of_clip in numbers for number in of_clip], pa.int16())
    values = pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.utf8()))
    return pa.ListArray.from_arrays(pa.array(ends), values)
