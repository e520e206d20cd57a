"""Checks of what people know a clip by: texts, addresses, its track's duration and free attributes."""

import re
from collections.abc import Mapping
from math import inf, isfinite
from operator import attrgetter

from ambiance.limits import (
    MAX_ATTRIBUTE_NAME_CHARACTERS,
    MAX_ATTRIBUTES,
    MAX_METADATA_CHARACTERS,
    MAX_URI_CHARACTERS,
)
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from ambiance.validation import CONTROL_CHARACTER, shown
from music_index_service.preparation.offences import Offences

# Attributes that every clip has, by which filters name them.
BUILT_IN = frozenset({"title", "artist", "album", "track_id", "uri", "duration_seconds"})

_TEXTS = ("title", "artist", "album", "track_id")
_URIS = ("uri", "thumbnail_uri")

_ATTRIBUTE_NAME = re.compile(rf"[0-9A-Za-z_.-]{{1,{MAX_ATTRIBUTE_NAME_CHARACTERS}}}", re.ASCII)
# A scheme and what it leads to, without white space, control characters and what RFC 3986 keeps out of URIs.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f-\x9f<>\"{}|\\^`]+")


def check_metadata(known: Mapping[int, ClipMetadata], offences: Offences) -> None:
    """Note what is wrong with the metadata of some clips, by their places in the batch; attributes apart."""
    for name in _TEXTS:
        texts = list(map(attrgetter(name), known.values()))
        # in a batch all is well, nearly always, and one look tells
        if not "".join(texts).isprintable() or max(map(len, texts), default=0) > MAX_METADATA_CHARACTERS:
            for clip, text in zip(known, texts, strict=True):
                _check_text(clip, f"metadata.{name}", text, offences)
    for name in _URIS:
        uris = list(map(attrgetter(name), known.values()))
        given = list(filter(None, uris))
        if not all(map(_URI.fullmatch, given)) or max(map(len, given), default=0) > MAX_URI_CHARACTERS:
            for clip, uri in zip(known, uris, strict=True):
                if uri:
                    _check_uri(clip, f"metadata.{name}", uri, offences)
    for clip, metadata in known.items():
        if not 0 <= (duration := metadata.duration_seconds) < inf:
            offences.add(clip, "metadata.duration_seconds", f"finite, at least 0, got {duration:g}")


def check_attributes(
    clip: int, metadata: ClipMetadata, types: Mapping[str, str], offences: Offences
) -> dict[str, str]:
    """Note what is wrong with a clip's attributes; the types of those that the index doesn't know, by name.

    Args:
        clip: its place in the batch.
        metadata: of the clip.
        types: of each attribute that the index knows: "text", "number" or "flag".
        offences: takes what is wrong.
    """
    attributes = metadata.attributes
    if len(attributes) > MAX_ATTRIBUTES:
        offences.add(clip, "metadata.attributes", f"at most {MAX_ATTRIBUTES}, got {len(attributes):,}")
        return {}
    found: dict[str, str] = {}
    for name in attributes:  # by a protobuf map's items() it takes twice as long
        value = attributes[name]
        kind = value.WhichOneof("value")
        known = types.get(name)
        if known is None:
            found[name] = kind or ""
        if kind is not None and kind == known and (kind != "text" or value.text.isprintable()):
            if kind == "flag" or (kind == "number" and isfinite(value.number)):
                continue
            if kind == "text" and len(value.text) <= MAX_METADATA_CHARACTERS:
                continue
        _check_attribute(clip, name, value, known, offences)
    return found


def _check_attribute(
    clip: int, name: str, value: AttributeValue, known: str | None, offences: Offences
) -> None:
    path, kind = f"metadata.attributes[{shown(name)}]", value.WhichOneof("value")
    if name in BUILT_IN:
        offences.add(clip, path, "the name is taken by what every clip has")
    elif not _ATTRIBUTE_NAME.fullmatch(name):
        limit = f'1 to {MAX_ATTRIBUTE_NAME_CHARACTERS} letters, digits, "_", "-" and "."'
        offences.add(clip, path, f"the name needs {limit}")
    elif kind is None:
        offences.add(clip, path, "a value is required: text, number or flag")
    elif known is not None and kind != known:
        offences.add(clip, path, f"is of type {known} in this index, got {kind}")
    elif kind == "text":
        _check_text(clip, f"{path}.text", value.text, offences)
    elif kind == "number" and not isfinite(value.number):
        offences.add(clip, f"{path}.number", f"a finite number, got {value.number:g}")


def _check_text(clip: int, field: str, text: str, offences: Offences) -> None:
    if len(text) > MAX_METADATA_CHARACTERS:
        offences.add(clip, field, f"at most {MAX_METADATA_CHARACTERS:,} characters, got {len(text):,}")
    elif not text.isprintable() and (control := CONTROL_CHARACTER.search(text)):
        where = f"control character U+{ord(control[0]):04X} at character {control.start():,}"
        offences.add(clip, field, f"{where}; only white space is allowed among these")


def _check_uri(clip: int, field: str, uri: str, offences: Offences) -> None:
    if len(uri) > MAX_URI_CHARACTERS:
        offences.add(clip, field, f"at most {MAX_URI_CHARACTERS:,} characters, got {len(uri):,}")
    elif not _URI.fullmatch(uri):
        offences.add(clip, field, f"an absolute URI, as https://example.org/song, got {shown(uri)}")
