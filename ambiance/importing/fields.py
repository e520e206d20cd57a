"""What a column may stand for: the fields of a clip, how a value becomes one, and the names they go by."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ambiance.affect import FACETS, MOODS, TRAITS, VAD_AXES
from ambiance.importing.rows import Kind
from ambiance.importing.values import (
    AttributeType,
    as_bytes,
    as_flag,
    as_labels,
    as_number,
    as_numbers,
    as_scores,
    as_text,
    plain_numbers,
    plain_texts,
)
from ambiance.limits import VGGISH_FEATURES

ClipMessage = Any  # a ClipInput message: its generated type slows the type check of what is set by name

Put = Callable[[ClipMessage, Any], None]
Plain = Callable[[Sequence[Any]], Sequence[Any] | None]
PutAll = Callable[[Sequence[ClipMessage], Sequence[Any]], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a column may stand for."""

    name: str
    kinds: frozenset[Kind]  # of columns that can be read as it
    needed: str  # what such a column holds, for people
    put: Put  # sets it from a value of the file; ValueError tells what is wrong with that
    scores: str = ""  # the list of the clip that it is one of, or all: "facets", "moods" or "traits"
    # Does the same with a whole column, several times as fast; returns False, and sets nothing, if a value
    # isn't plainly what is needed: `put` then tells whether it will do.
    put_all: PutAll | None = None

    @property
    def is_mapping(self) -> bool:
        """Whether its values are mappings of names to scores."""
        return self.kinds is _MAPPINGS


_TEXTS = frozenset((Kind.WRITTEN, Kind.TEXT, Kind.INTEGER, Kind.OTHER))
_NUMBERS = frozenset((Kind.WRITTEN, Kind.NUMBER, Kind.INTEGER, Kind.OTHER))
_FLAGS = frozenset((Kind.WRITTEN, Kind.FLAG, Kind.INTEGER, Kind.TEXT, Kind.OTHER))
_LABELS = frozenset((Kind.WRITTEN, Kind.LIST, Kind.TEXT, Kind.OTHER))
_BYTES = frozenset((Kind.WRITTEN, Kind.BYTES, Kind.TEXT, Kind.OTHER))
_LISTS = frozenset((Kind.LIST, Kind.OTHER))
_MAPPINGS = frozenset((Kind.MAPPING, Kind.OTHER))
_ANY = frozenset(set(Kind) - {Kind.BYTES, Kind.LIST, Kind.MAPPING})

CLIP_TEXTS = ("id", "youtube_id")
METADATA_TEXTS = ("title", "artist", "album", "track_id", "uri", "thumbnail_uri")
ATTRIBUTE = "attribute "  # what the name of such a field begins with
VOCABULARIES = {"facet": FACETS, "mood": MOODS.names, "trait": TRAITS}

# Other names for a field, as catalogues have them.
ALIASES: Mapping[str, str] = {
    "clip_id": "id",
    "video_id": "youtube_id",
    "ytid": "youtube_id",
    "start": "start_seconds",
    "start_s": "start_seconds",
    "start_time_seconds": "start_seconds",
    "end": "end_seconds",
    "end_s": "end_seconds",
    "end_time_seconds": "end_seconds",
    "label": "labels",
    "frames": "vggish_frames",
    "audio_embedding": "vggish_frames",
    "name": "title",
    "track_name": "title",
    "song": "title",
    "artist_name": "artist",
    "album_name": "album",
    "track": "track_id",
    "url": "uri",
    "link": "uri",
    "thumbnail": "thumbnail_uri",
    "thumbnail_url": "thumbnail_uri",
    "cover": "thumbnail_uri",
    "duration": "duration_seconds",
    "duration_s": "duration_seconds",
    "length_seconds": "duration_seconds",
}


def _put_text(name: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        setattr(clip, name, as_text(value))

    return put


def _put_metadata_text(name: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        setattr(clip.metadata, name, as_text(value))

    return put


def _put_number(name: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        setattr(clip, name, as_number(value))

    return put


def _put_flag(name: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        setattr(clip, name, as_flag(value))

    return put


def _put_duration(clip: ClipMessage, value: Any) -> None:
    clip.metadata.duration_seconds = as_number(value)


def _put_all(name: str, plain: Plain, part: str = "") -> PutAll:
    """Put values into a field of clips, or of a part of each, if all of them are plainly what it takes."""

    def put_all(clips: Sequence[ClipMessage], values: Sequence[Any]) -> bool:
        if (read := plain(values)) is None:
            return False
        parts = map(attrgetter(part), clips) if part else clips
        for message, value in zip(parts, read, strict=True):
            setattr(message, name, value)
        return True

    return put_all


def _put_labels(clip: ClipMessage, value: Any) -> None:
    clip.labels.extend(as_labels(value))


def _put_frames(clip: ClipMessage, value: Any) -> None:
    clip.vggish_frames = as_bytes(value)


def _put_embedding(clip: ClipMessage, value: Any) -> None:
    clip.vggish_embedding.extend(as_numbers(value))


def _put_score(vocabulary: str, name: str) -> Put:
    if vocabulary == "mood":
        return lambda clip, value: clip.moods.add(mood=name, score=as_number(value))
    if vocabulary == "trait":
        return lambda clip, value: clip.traits.add(facet=name, score=as_number(value))
    return lambda clip, value: clip.facets.add(facet=name, score=as_number(value))


def _put_scores(vocabulary: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        for name, score in as_scores(value).items():
            _put_score(vocabulary, name)(clip, score)

    return put


def _put_axis(axis: str) -> Put:
    def put(clip: ClipMessage, value: Any) -> None:
        setattr(clip.vad, axis, as_number(value))

    return put


def _put_vad(clip: ClipMessage, value: Any) -> None:
    for axis, score in as_scores(value).items():
        if axis not in VAD_AXES:
            raise ValueError(f"{', '.join(VAD_AXES)}, got {axis!a}")
        setattr(clip.vad, axis, score)


def _put_attributes(clip: ClipMessage, value: Any) -> None:
    if not isinstance(value, dict):
        raise ValueError("a mapping of names to values")
    for name, each in value.items():
        if each is not None:
            AttributeType.ANY.set(clip.metadata.attributes[as_text(name)], each)


def attribute(name: str, kind: AttributeType) -> Field:
    """The attribute of a name; its values are of one type."""

    def put(clip: ClipMessage, value: Any) -> None:
        kind.set(clip.metadata.attributes[name], value)

    def put_all(clips: Sequence[ClipMessage], values: Sequence[Any]) -> bool:
        oneof, read = kind.plain(values)
        if read is None:
            return False
        for clip, value in zip(clips, read, strict=True):
            setattr(clip.metadata.attributes[name], oneof, value)
        return True

    return Field(f"{ATTRIBUTE}{name}", _ANY, kind, put, put_all=put_all)


def _all() -> Iterator[Field]:
    for name in CLIP_TEXTS:
        yield Field(name, _TEXTS, "texts", _put_text(name), put_all=_put_all(name, plain_texts))
    for name in METADATA_TEXTS:
        put_all = _put_all(name, plain_texts, "metadata")
        yield Field(name, _TEXTS, "texts", _put_metadata_text(name), put_all=put_all)
    for name in ("start_seconds", "end_seconds"):
        put_all = _put_all(name, plain_numbers)
        yield Field(name, _NUMBERS, "numbers", _put_number(name), put_all=put_all)
    put_all = _put_all("duration_seconds", plain_numbers, "metadata")
    yield Field("duration_seconds", _NUMBERS, "numbers", _put_duration, put_all=put_all)
    for name in ("listenable", "available"):
        yield Field(name, _FLAGS, "true or false", _put_flag(name))
    yield Field("labels", _LABELS, "lists of labels, or labels parted by ;", _put_labels)
    needed = f"bytes, {VGGISH_FEATURES} a frame, or base64 of them"
    yield Field("vggish_frames", _BYTES, needed, _put_frames)
    needed = f"lists of numbers, {VGGISH_FEATURES} a frame"
    yield Field("vggish_embedding", _LISTS, needed, _put_embedding)
    for vocabulary, names in VOCABULARIES.items():
        for name in names:
            put = _put_score(vocabulary, name)
            yield Field(f"{vocabulary}_{name}", _NUMBERS, "numbers", put, f"{vocabulary}s")
        needed = f"mappings of each {vocabulary} to its score"
        yield Field(f"{vocabulary}s", _MAPPINGS, needed, _put_scores(vocabulary), f"{vocabulary}s")
    for axis in VAD_AXES:
        put_all = _put_all(axis, plain_numbers, "vad")
        yield Field(axis, _NUMBERS, "numbers", _put_axis(axis), put_all=put_all)
    yield Field("vad", _MAPPINGS, f"mappings of {', '.join(VAD_AXES)} to numbers", _put_vad)
    yield Field("attributes", _MAPPINGS, "mappings of names to values", _put_attributes)


FIELDS: Mapping[str, Field] = {field.name: field for field in _all()}
