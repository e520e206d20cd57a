"""Clips from what a caller of the client wrote to the messages that are sent. Both clients write with it."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from ambiance.arguments import require_flag, require_items, require_number, require_utf8
from ambiance.clip_input import ClipInput
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_CLIP_BYTES, VGGISH_FEATURES
from ambiance.music.v1 import clip_input_pb2, clip_pb2
from ambiance.type.v1 import affect_pb2

_METADATA_TEXTS = ("title", "artist", "album", "track_id", "uri", "thumbnail_uri")


def clip_list(field: str, clips: Iterable[ClipInput]) -> list[ClipInput]:
    """The clips of a field, read once.

    Raises:
        InvalidInputError: if it isn't a list of clips.
    """
    if isinstance(clips, ClipInput):
        raise InvalidInputError.of(field, "a list of clips, got a single clip")
    given = list(require_items(field, clips, "clips"))
    for i, clip in enumerate(given):
        if not isinstance(clip, ClipInput):
            raise InvalidInputError.of(f"{field}[{i}]", f"a ClipInput, got {type(clip).__name__}")
    return given


def clip_message(path: str, clip: ClipInput) -> clip_input_pb2.ClipInput:
    """The message of a clip.

    Raises:
        InvalidInputError: naming the field (`clips[3].facets['calm']`) that can't be sent.
    """
    labels = list(require_items(f"{path}.labels", clip.labels, "texts"))
    texts = {f"{path}.labels[{i}]": label for i, label in enumerate(labels)}
    require_utf8({f"{path}.id": clip.id, f"{path}.youtube_id": clip.youtube_id, **texts})
    message = clip_input_pb2.ClipInput(
        id=clip.id,
        youtube_id=clip.youtube_id,
        start_seconds=require_number(f"{path}.start_seconds", clip.start_seconds),
        end_seconds=require_number(f"{path}.end_seconds", clip.end_seconds),
        labels=labels,
        facets=_facet_scores(f"{path}.facets", clip.facets),
        moods=[
            affect_pb2.MoodScore(mood=mood, score=score)
            for mood, score in scores(f"{path}.moods", clip.moods).items()
        ],
        traits=_facet_scores(f"{path}.traits", clip.traits),
        vad=None if clip.vad is None else _vad(f"{path}.vad", clip.vad),
        listenable=_flag(f"{path}.listenable", clip.listenable),
        available=_flag(f"{path}.available", clip.available),
        metadata=_metadata(path, clip),
    )
    add_frames(f"{path}.frames", clip.frames, message)
    if (size := message.ByteSize()) > MAX_CLIP_BYTES:
        raise InvalidInputError.of(path, f"at most {MAX_CLIP_BYTES:,} bytes, got {size:,}")
    return message


def text_list(field: str, values: Iterable[str]) -> list[str]:
    """The texts of a field, read once: they may come from an iterator.

    Raises:
        InvalidInputError: if it isn't a list of texts, or one of them can't be sent.
    """
    if isinstance(values, str):  # iterable too, by its characters: surely not what was meant
        raise InvalidInputError.of(field, "a list of texts, got a single text")
    given = {f"{field}[{i}]": value for i, value in enumerate(require_items(field, values, "texts"))}
    require_utf8(given)
    return list(given.values())


def scores(field: str, values: Mapping[str, float]) -> dict[str, float]:
    """The number that a field holds for each name.

    Raises:
        InvalidInputError: if it isn't a mapping, or holds anything but numbers by texts.
    """
    plain = type(values) is dict and all(
        type(name) is str and name.isascii() and type(score) is float for name, score in values.items()
    )
    if plain:  # nearly always: the checks below find nothing wrong with them, and take longer
        return dict(values)
    if not isinstance(values, Mapping):
        raise InvalidInputError.of(field, f"a mapping of names to numbers, got {type(values).__name__}")
    require_utf8({f"{field}[{name!a}]": name for name in values})
    return {name: require_number(f"{field}[{name!a}]", score) for name, score in values.items()}


def add_frames(field: str, frames: Any, message: clip_input_pb2.ClipInput) -> None:
    """Put VGGish features into a message, as bytes or as numbers: whichever they are.

    Raises:
        InvalidInputError: if they are neither bytes nor an array <uint8 or float>[n, 128].
    """
    if frames is None:
        return
    if isinstance(frames, bytes | bytearray):
        message.vggish_frames = bytes(frames)
        return
    needed = f"bytes, or an array of shape [n, {VGGISH_FEATURES}] of uint8 or floats"
    if type(frames).__name__ != "ndarray":  # by name: numpy needn't be loaded for callers that don't use it
        raise InvalidInputError.of(field, f"{needed}, got {type(frames).__name__}")
    is_quantised = frames.dtype == "uint8"
    is_fit = frames.ndim == 2 and frames.shape[1] == VGGISH_FEATURES
    if not is_fit or not (is_quantised or frames.dtype.kind == "f"):
        raise InvalidInputError.of(field, f"{needed}, got {list(frames.shape)} of {frames.dtype}")
    if is_quantised:
        message.vggish_frames = frames.tobytes()
    else:  # what a float32 can't hold becomes infinite, which the service refuses by name
        message.vggish_embedding.extend(frames.astype("float64").ravel().tolist())


def attribute_message(field: str, value: Any) -> clip_pb2.AttributeValue:
    """The message of an attribute, by the type of its value.

    Raises:
        InvalidInputError: if it is neither a text nor a number nor a truth value.
    """
    if isinstance(value, str):
        require_utf8({field: value})
        return clip_pb2.AttributeValue(text=value)
    if type(value).__name__ in ("bool", "bool_"):
        return clip_pb2.AttributeValue(flag=bool(value))
    try:
        return clip_pb2.AttributeValue(number=require_number(field, value))
    except InvalidInputError:
        what = f"a text, a number or a truth value, got {type(value).__name__}"
        raise InvalidInputError.of(field, what) from None


def _metadata(path: str, clip: ClipInput) -> clip_pb2.ClipMetadata | None:
    texts = {name: getattr(clip, name) for name in _METADATA_TEXTS}
    require_utf8({f"{path}.{name}": text for name, text in texts.items()})
    duration_s = require_number(f"{path}.duration_seconds", clip.duration_seconds)
    if not isinstance(clip.attributes, Mapping):
        what = f"a mapping of names to values, got {type(clip.attributes).__name__}"
        raise InvalidInputError.of(f"{path}.attributes", what)
    require_utf8({f"{path}.attributes[{name!a}]": name for name in clip.attributes})
    attributes = {
        name: attribute_message(f"{path}.attributes[{name!a}]", value)
        for name, value in clip.attributes.items()
    }
    if not any(chain(texts.values(), attributes, [duration_s])):
        return None
    return clip_pb2.ClipMetadata(**texts, duration_seconds=duration_s, attributes=attributes)


def _facet_scores(field: str, values: Mapping[str, float]) -> list[affect_pb2.FacetScore]:
    return [affect_pb2.FacetScore(facet=facet, score=score) for facet, score in scores(field, values).items()]


def _vad(field: str, values: Any) -> affect_pb2.Vad:
    axes = [
        require_number(f"{field}[{i}]", value)
        for i, value in enumerate(require_items(field, values, "numbers"))
    ]
    if len(axes) != 3:
        raise InvalidInputError.of(field, f"valence, arousal and dominance, got {len(axes):,} numbers")
    return affect_pb2.Vad(valence=axes[0], arousal=axes[1], dominance=axes[2])


def _flag(field: str, value: bool | None) -> bool | None:
    return None if value is None else require_flag(field, value)
