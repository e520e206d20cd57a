"""Reads AudioSet's records in the layout in which its writer left them, several times faster than protobuf.

Protobuf allows a message many byte sequences. The published records share one, but for the order of their
four context fields. A record that matches it to the byte has one meaning; any other is left to protobuf.
"""

import re
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

FRAMES = 10  # at most; a frame is one second
FEATURES = 128  # bytes in a frame
CLASSES = 527

_ID_BYTES = 11  # of every id that YouTube gives
_LABEL_BYTES = 64  # of a clip's labels, one or two each


class Clip(NamedTuple):
    """One segment of a video."""

    youtube_id: str
    start_seconds: float
    end_seconds: float
    labels: tuple[int, ...]  # class indices 0 to 526
    frames: bytes  # FEATURES unsigned bytes a second, 1 to FRAMES seconds


def read_published(record: bytes) -> Clip | None:
    """Read a serialised `tf.train.SequenceExample`; None unless it is a clip in the published layout."""
    match = _HEAD.match(record)
    if match is None:
        return None
    length, context, youtube_id, start, end, labels, audio = match.groups()
    count = _FRAME_COUNTS[audio]
    whole = length == _varint(len(context)) and len(record) == match.end() + count * _FRAME_BYTES
    if not whole or None in (youtube_id, start, end, labels):  # one stands twice, and another is missing
        return None
    indices = _read_labels(labels)
    start_seconds, end_seconds = _SECONDS.unpack(start + end)
    if indices is None or not 0 <= start_seconds < end_seconds < float("inf"):
        return None
    parts = _FRAMES[count].unpack_from(record, match.end())
    if parts[::2] != _HEADERS[count]:
        return None
    return Clip(str(youtube_id, "ascii"), start_seconds, end_seconds, indices, b"".join(parts[1::2]))


@lru_cache(maxsize=1 << 14)  # of two million clips, few have labels that no other has
def _read_labels(entry: bytes) -> tuple[int, ...] | None:
    """Class indices in a context entry; None unless all are, in varints of one or two bytes."""
    packed = entry[len(_LABELS[0]) :]
    varints = _VARINT.findall(packed)
    labels = tuple(v[0] if len(v) == 1 else v[0] & 0x7F | v[1] << 7 for v in varints)
    return labels if b"".join(varints) == packed and max(labels) < CLASSES else None


def _varint(number: int) -> bytes:
    """A number below 2^14."""
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


def _field(number: int, head: bytes, length: int = 0) -> bytes:
    """A field that holds bytes, cut off behind `head`: `length` more belong to it."""
    return bytes([number << 3 | 2]) + _varint(len(head) + length) + head


def _entry(name: bytes, head: bytes, length: int) -> bytes:
    """A map's entry, from a name to a message that is cut off in the same way."""
    return _field(1, _field(1, name) + _field(2, head, length), length)


def _feature(kind: int, length: int) -> bytes:
    """What precedes the values in a Feature; kind 1 holds bytes, 2 floats, 3 integers."""
    return _field(kind, _field(1, b"", length), length)


def _any(literals: Iterable[bytes]) -> bytes:
    return b"|".join(literals)


_VIDEO_ID = _entry(b"video_id", _feature(1, _ID_BYTES), _ID_BYTES)
_START, _END = (_entry(name, _feature(2, 4), 4) for name in (b"start_time_seconds", b"end_time_seconds"))
_LABELS = [_entry(b"labels", _feature(3, length), length) for length in range(1, _LABEL_BYTES + 1)]
_HEADER = _field(1, _feature(1, FEATURES), FEATURES)
_FRAME_BYTES = len(_HEADER) + FEATURES

_FRAME_COUNTS = {
    _field(2, _entry(b"audio_embedding", b"", count * _FRAME_BYTES), count * _FRAME_BYTES): count
    for count in range(1, FRAMES + 1)
}
_FRAMES = [struct.Struct(f"<{f'{len(_HEADER)}s{FEATURES}s' * count}") for count in range(FRAMES + 1)]
_HEADERS = [(_HEADER,) * count for count in range(FRAMES + 1)]
_SECONDS = struct.Struct("<ff")
_VARINT = re.compile(rb"[\x80-\xff]?[\x00-\x7f]", re.DOTALL)

_HEAD = re.compile(
    rb"\n([\x00-\x7f]|[\x80-\xff][\x01-\x7f])((?:%b){4})(%b)"
    % (
        _any(
            (
                re.escape(_VIDEO_ID) + rb"([\x00-\x7f]{%d})" % _ID_BYTES,
                re.escape(_START) + b"(.{4})",
                re.escape(_END) + b"(.{4})",
                b"(%b)" % _any(re.escape(head) + b".{%d}" % n for n, head in enumerate(_LABELS, start=1)),
            )
        ),
        _any(map(re.escape, _FRAME_COUNTS)),
    ),
    re.DOTALL,
)
