"""One AudioSet record: a serialised `tf.train.SequenceExample`, checked and turned into a clip."""

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from training.data.clip_layout import CLASSES, FEATURES, FRAMES, Clip, read_published
from training.data.errors import DataError

if TYPE_CHECKING:
    from tensorflow.core.example.example_pb2 import SequenceExample
    from tensorflow.core.example.feature_pb2 import Feature

__all__ = ["CLASSES", "FEATURES", "FRAMES", "Clip", "parse_clip", "parse_message"]


def parse_clip(record: bytes, where: str) -> Clip:
    """Read one record; `where` names it in errors.

    A clip of no frame or of more than FRAMES is refused like any other damage: the publisher's clips
    are 1 to 10 seconds long, and neither cutting nor inventing sound would be true to the record.

    Raises:
        DataError: if the record isn't a clip of AudioSet; names the field and what it holds.
    """
    return read_published(record) or parse_message(record, where)


def parse_message(record: bytes, where: str) -> Clip:
    """Read a record of any layout, as `parse_clip` does."""
    # All of TensorFlow, seconds and hundreds of MB of it, for what the publisher's files don't hold.
    from tensorflow.core.example.example_pb2 import SequenceExample  # noqa: PLC0415

    try:
        example = SequenceExample.FromString(record)
    except DecodeError as error:
        raise DataError(f"{where}: not a SequenceExample ({error})") from error
    context = example.context.feature
    start, end = (_seconds(context[name], name, where) for name in ("start_time_seconds", "end_time_seconds"))
    if end <= start:
        raise DataError(f"{where}: end_time_seconds: after the start at {start}, got {end}")
    return Clip(
        _youtube_id(context["video_id"], where),
        start,
        end,
        _labels(context["labels"], where),
        _frames(example, where),
    )


def _youtube_id(feature: "Feature", where: str) -> str:
    values = feature.bytes_list.value
    if len(values) != 1 or not values[0] or not values[0].isascii():
        raise DataError(f"{where}: video_id: one ASCII id, got {list(values)}")
    return str(values[0], "ascii")


def _seconds(feature: "Feature", name: str, where: str) -> float:
    values = feature.float_list.value
    if len(values) != 1 or not 0 <= values[0] < float("inf"):
        raise DataError(f"{where}: {name}: one number of seconds from 0, got {list(values)}")
    return float(values[0])


def _labels(feature: "Feature", where: str) -> tuple[int, ...]:
    labels = tuple(feature.int64_list.value)
    if not labels:
        raise DataError(f"{where}: labels: empty")
    if min(labels) < 0 or max(labels) >= CLASSES:
        raise DataError(f"{where}: labels: 0 to {CLASSES - 1}, got {labels}")
    return labels


def _frames(example: "SequenceExample", where: str) -> bytes:
    seconds = example.feature_lists.feature_list["audio_embedding"].feature
    if not 1 <= len(seconds) <= FRAMES:
        raise DataError(f"{where}: audio_embedding: 1 to {FRAMES} frames, got {len(seconds)}")
    values = [second.bytes_list.value for second in seconds]
    if set(map(len, values)) != {1} or {len(value[0]) for value in values} != {FEATURES}:
        raise DataError(f"{where}: audio_embedding: {FEATURES} bytes a frame, one holds another number")
    return b"".join([value[0] for value in values])
