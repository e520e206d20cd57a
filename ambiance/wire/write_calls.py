"""The calls of a client that write: as in `ambiance.wire.calls`, and how many clips one request takes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ambiance.arguments import require_flag, require_items, require_utf8
from ambiance.clip_input import ClipInput
from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import MAX_MUSIC_REQUEST_BYTES, MAX_WRITTEN_CLIPS
from ambiance.music.v1 import clip_input_pb2, music_index_service_pb2
from ambiance.validation import check_count
from ambiance.wire import replies
from ambiance.wire.calls import MUSIC_INDEX_SERVICE, Call
from ambiance.wire.clip_messages import clip_list, clip_message
from ambiance.write_results import IndexCreation, WriteOutcome, WriteResult

# What a request holds besides its clips, the name of the index, and what each clip adds to its own size.
_HEAD_BYTES = 4_096
_CLIP_HEAD_BYTES = 8

_CLIP_PATH = re.compile(r"clips\[(\d+)\]")

Messages = list[clip_input_pb2.ClipInput]


def create_index(name: str) -> Call[IndexCreation]:
    """CreateIndex of the music index service."""
    require_utf8({"name": name})
    request = music_index_service_pb2.CreateIndexRequest(name=name)
    return Call(MUSIC_INDEX_SERVICE, "CreateIndex", request, replies.index_creation)


def delete_index(name: str) -> Call[int]:
    """DeleteIndex of the music index service; answers with the number of clips that the index held."""
    require_utf8({"name": name})
    request = music_index_service_pb2.DeleteIndexRequest(name=name)
    return Call(MUSIC_INDEX_SERVICE, "DeleteIndex", request, lambda response: response.clip_count)


@dataclass(frozen=True, slots=True)
class Upsert:
    """UpsertClips of the music index service: the calls to send in this order, and what needn't be sent."""

    calls: list[Call[list[WriteResult]]]
    refused: Mapping[int, WriteResult]  # by its place what can't be put into a message
    count: int

    def results(self, written: Iterable[WriteResult]) -> list[WriteResult]:
        """What became of each clip, given what the calls answered, in the order of the clips."""
        rest = iter(written)
        return [self.refused.get(place) or next(rest) for place in range(self.count)]


def upsert_clips(clips: Iterable[ClipInput], index: str) -> Upsert:
    """One call that writes clips, or several if one can't hold the bytes.

    Raises:
        InvalidInputError: if they aren't clips, if there is none or too many, or for the name of the index.
    """
    given = clip_list("clips", clips)
    check_count("clips", len(given), MAX_WRITTEN_CLIPS)
    messages, refused = {}, {}
    for i, clip in enumerate(given):
        try:
            messages[i] = clip_message(f"clips[{i}]", clip)
        except InvalidInputError as error:
            refused[i] = WriteResult(clip.id, WriteOutcome.REFUSED, error.violations)
    calls, places = [], list(messages)
    for batch in batches(list(messages.values()), [message.ByteSize() for message in messages.values()]):
        calls.append(upsert_messages(batch, index, places[: len(batch)]))
        del places[: len(batch)]
    return Upsert(calls, refused, len(given))


def upsert_messages(messages: Messages, index: str, places: Sequence[int]) -> Call[list[WriteResult]]:
    """UpsertClips of what one request holds, see `batches`; `places` are those of the clips among all."""
    require_utf8({"index": index})
    request = music_index_service_pb2.UpsertClipsRequest(index=index, clips=messages)
    return Call(MUSIC_INDEX_SERVICE, "UpsertClips", request, _results(places))


def batches(messages: Sequence[clip_input_pb2.ClipInput], sizes: Sequence[int]) -> Iterator[Messages]:
    """The messages in order, as many at a time as one request may hold: by number, and by their bytes."""
    batch: Messages = []
    room = MAX_MUSIC_REQUEST_BYTES - _HEAD_BYTES
    for message, message_bytes in zip(messages, sizes, strict=True):
        size = message_bytes + _CLIP_HEAD_BYTES
        if batch and (size > room or len(batch) == MAX_WRITTEN_CLIPS):
            yield batch
            batch, room = [], MAX_MUSIC_REQUEST_BYTES - _HEAD_BYTES
        batch.append(message)
        room -= size
    if batch:
        yield batch


def delete_clips(clip_ids: Iterable[str], index: str) -> Call[list[WriteResult]]:
    """DeleteClips of the music index service."""
    require_utf8({"index": index})
    request = music_index_service_pb2.DeleteClipsRequest(index=index, clip_ids=_ids(clip_ids))
    return Call(MUSIC_INDEX_SERVICE, "DeleteClips", request, _results())


def report_unavailable(clip_ids: Iterable[str], index: str, *, available: bool) -> Call[list[WriteResult]]:
    """ReportUnavailable of the music index service."""
    require_utf8({"index": index})
    request = music_index_service_pb2.ReportUnavailableRequest(
        index=index, clip_ids=_ids(clip_ids), available=require_flag("available", available)
    )
    return Call(MUSIC_INDEX_SERVICE, "ReportUnavailable", request, _results())


def _ids(clip_ids: Iterable[str]) -> list[str]:
    if isinstance(clip_ids, str):  # iterable too, by its characters: surely not what was meant
        raise InvalidInputError.of("clip_ids", "a list of texts, got a single text")
    ids = list(require_items("clip_ids", clip_ids, "texts"))
    require_utf8({f"clip_ids[{i}]": clip_id for i, clip_id in enumerate(ids)})
    return ids


def _results(places: Sequence[int] = ()) -> Callable[[Any], list[WriteResult]]:
    """Reads a write's answer; `clips[0]` of the request is `clips[places[0]]` of the caller's."""

    def moved(violation: Violation) -> Violation:
        field = _CLIP_PATH.sub(lambda path: f"clips[{places[int(path[1])]}]", violation.field, count=1)
        return Violation(field, violation.description)

    def parse(response: Any) -> list[WriteResult]:
        found = replies.write_results(response)
        if not places or places[-1] == len(places) - 1:  # they are where they were
            return found
        return [result._replace(violations=tuple(map(moved, result.violations))) for result in found]

    return parse
