"""One record of AudioSet's features: a serialised `tf.train.SequenceExample`, read without TensorFlow.

The messages are described here as TensorFlow's documentation has them, as far as AudioSet uses them.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from ambiance.limits import VGGISH_FEATURES

_PACKAGE = "ambiance.importing"
_FIELD = descriptor_pb2.FieldDescriptorProto
_BYTES, _FLOAT, _INT64, _MESSAGE = (
    _FIELD.TYPE_BYTES,
    _FIELD.TYPE_FLOAT,
    _FIELD.TYPE_INT64,
    _FIELD.TYPE_MESSAGE,
)

# Message -> name, number, type (or message), whether repeated. Maps are written as what they are on the wire.
_MESSAGES: Mapping[str, tuple[tuple[str, int, Any, bool], ...]] = {
    "BytesList": (("value", 1, _BYTES, True),),
    "FloatList": (("value", 1, _FLOAT, True),),
    "Int64List": (("value", 1, _INT64, True),),
    "Feature": (
        ("bytes_list", 1, "BytesList", False),
        ("float_list", 2, "FloatList", False),
        ("int64_list", 3, "Int64List", False),
    ),
    "FeatureEntry": (("key", 1, _BYTES, False), ("value", 2, "Feature", False)),
    "Features": (("feature", 1, "FeatureEntry", True),),
    "FeatureList": (("feature", 1, "Feature", True),),
    "FeatureListEntry": (("key", 1, _BYTES, False), ("value", 2, "FeatureList", False)),
    "FeatureLists": (("feature_list", 1, "FeatureListEntry", True),),
    "SequenceExample": (("context", 1, "Features", False), ("feature_lists", 2, "FeatureLists", False)),
}


@cache
def _message_class() -> type[Message]:
    file = descriptor_pb2.FileDescriptorProto(name="sequence_example", package=_PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = described.field.add(name=name, number=number)
            field.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            field.type = _MESSAGE if isinstance(kind, str) else kind
            if isinstance(kind, str):
                field.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.SequenceExample"))


def clip_columns(record: bytes, classes: Mapping[int, str] | None) -> dict[str, Any] | str:
    """The fields of a clip, or what is wrong with the record. `classes` are names by their index.

    A clip's id is that of a released one: its video and the second that it starts at.
    """
    example: Any = _message_class()()
    try:
        example.ParseFromString(record)
    except DecodeError as error:
        return f"not a SequenceExample: {error}"
    context = {entry.key: entry.value for entry in example.context.feature}
    lists = {entry.key: entry.value.feature for entry in example.feature_lists.feature_list}
    try:
        youtube_id = _only(context, b"video_id", "bytes_list").decode("ascii")
        start, end = (_seconds(context, name) for name in (b"start_time_seconds", b"end_time_seconds"))
        frames = [feature.bytes_list.value for feature in lists[b"audio_embedding"]]
        if not frames or any(len(v) != 1 or len(v[0]) != VGGISH_FEATURES for v in frames):
            return f"audio_embedding: {VGGISH_FEATURES} bytes a frame, got other numbers"
        labels = [classes[label] for label in context[b"labels"].int64_list.value] if classes else []
    except KeyError as error:
        missing = error.args[0]
        if isinstance(missing, bytes):
            return f"{missing.decode()}: isn't there"
        return f"labels: no class {missing} in the file of classes"
    except ValueError as error:
        return f"not a clip of AudioSet: {error}"
    return {
        "id": f"{youtube_id}@{_plain(start)}",
        "youtube_id": youtube_id,
        "start_seconds": start,
        "end_seconds": end,
        "labels": labels,
        "vggish_frames": b"".join(value[0] for value in frames),
    }


def _only(context: Mapping[bytes, Any], name: bytes, kind: str) -> Any:
    values = getattr(context[name], kind).value
    if len(values) != 1:
        raise ValueError(f"{name.decode()}: one value, got {len(values):,}")
    return values[0]


def _seconds(context: Mapping[bytes, Any], name: bytes) -> float:
    seconds = float(_only(context, name, "float_list"))
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name.decode()}: seconds from 0, got {seconds}")
    return seconds


def _plain(seconds: float) -> str:
    """Seconds to the millisecond, without what says nothing: 30, 1.5. (Adding 0 makes a 0 of -0.)"""
    return f"{seconds + 0.0:.3f}".rstrip("0").rstrip(".")
