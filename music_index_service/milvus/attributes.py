"""What a clip's metadata leaves in Milvus to filter by: the field `attributes`, a JSON object.

Text is only ever compared as a whole. Long text, or text that isn't plain, stands there as its digest: Milvus
limits a JSON field to 64 KiB, which 32 attributes of 1,000 characters exceed.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from ambiance.attribute_conditions import BUILT_IN, NUMBER, TEXT, Value
from ambiance.music.v1.clip_pb2 import ClipMetadata

_PLAIN = re.compile(r"[0-9A-Za-z ,.:_/-]{1,64}", re.ASCII).fullmatch


def held_text(text: str) -> str:
    """What stands for a text; different for different ones."""
    return f"={text}" if _PLAIN(text) else f"#{hashlib.sha256(text.encode()).hexdigest()}"


def held_attributes(metadata: ClipMetadata) -> dict[str, Value]:
    """What the field holds of a clip; an empty text and a duration of 0 aren't known, and so not there."""
    return {
        name: held_text(str(value)) if kind == TEXT else value for name, kind, value in _attributes(metadata)
    }


def attribute_types(metadata: Iterable[ClipMetadata]) -> dict[str, str]:
    """The type of each attribute that one of these clips bears, built-in ones too, by name."""
    return {name: kind for one in metadata for name, kind, _ in _attributes(one)}


def _attributes(metadata: ClipMetadata) -> Iterator[tuple[str, str, Value]]:
    """Name, type and value of each attribute that is known."""
    for name, kind in BUILT_IN.items():
        if value := getattr(metadata, name):
            yield name, kind, value
    for name, attribute in metadata.attributes.items():
        if own := attribute.WhichOneof("value"):
            value = getattr(attribute, own)
            yield name, own, float(value) if own == NUMBER else value
