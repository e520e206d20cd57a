"""What the methods do that write to an index; the service itself only hands requests on."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from ambiance.errors import InvalidInputError, PreconditionError, Violation
from ambiance.limits import MAX_WRITTEN_CLIPS
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from ambiance.validation import check_count
from music_index_service.index_port import WritableIndex, WritableIndexes
from music_index_service.live.write_outcome import Outcome
from music_index_service.preparation.preparation import ClipPreparation, Prepared, attribute_types

_OUTCOMES = {outcome: messages.WriteOutcome.Value(f"WRITE_OUTCOME_{outcome.name}") for outcome in Outcome}


class WriteMethods:
    """Writes to the indexes of a data folder, if the service has one."""

    def __init__(
        self, catalogues: WritableIndexes | None = None, preparation: ClipPreparation | None = None
    ) -> None:
        """Take the indexes and what prepares clips for them; nothing can be written without."""
        self._catalogues, self._preparation = catalogues, preparation
        self._preparing = Lock()

    def create(self, name: str) -> bool:
        """Make an index; returns whether it wasn't there.

        Raises:
            InvalidInputError: if the name breaks its limit.
            PreconditionError: if nothing can be written here. StorageError: if it can't be made.
        """
        return self._writable().create(name)

    def drop(self, name: str) -> int:
        """Delete an index; returns how many clips it held. Raises as `Catalogues.drop`, and as `create`."""
        if not name:
            raise InvalidInputError.of("name", "is required")
        return self._writable().drop(name)

    def upsert(self, request: messages.UpsertClipsRequest) -> messages.UpsertClipsResponse:
        """Write those of the clips that can be written.

        Raises:
            InvalidInputError: if there are none, or too many. NotFoundError: if there is no such index.
            PreconditionError, StorageError: as `create`.
        """
        index = self._writable().index(request.index)
        check_count("clips", len(request.clips), MAX_WRITTEN_CLIPS)
        prepared = self._prepared(index, request.clips)
        clips = [each for each in prepared if isinstance(each, StoredClip)]
        outcomes, sequence = index.upsert(clips)
        left = iter(outcomes)
        told = [each if isinstance(each, list) else next(left) for each in prepared]
        response = messages.UpsertClipsResponse(sequence=sequence)
        _tell(response.results, [clip.id for clip in request.clips], told)
        return response

    def delete(self, request: messages.DeleteClipsRequest) -> messages.DeleteClipsResponse:
        """Delete clips. Raises as `upsert`."""
        index = self._writable().index(request.index)
        check_count("clip_ids", len(request.clip_ids), MAX_WRITTEN_CLIPS)
        outcomes, sequence = index.delete(request.clip_ids)
        response = messages.DeleteClipsResponse(sequence=sequence)
        _tell(response.results, request.clip_ids, outcomes)
        return response

    def report(self, request: messages.ReportUnavailableRequest) -> messages.ReportUnavailableResponse:
        """Say of clips whether they can be played. Raises as `upsert`."""
        index = self._writable().index(request.index)
        check_count("clip_ids", len(request.clip_ids), MAX_WRITTEN_CLIPS)
        outcomes, sequence = index.set_available(request.clip_ids, request.available)
        response = messages.ReportUnavailableResponse(sequence=sequence)
        _tell(response.results, request.clip_ids, outcomes)
        return response

    def _writable(self) -> WritableIndexes:
        if self._catalogues is None:
            raise PreconditionError("this service keeps no data of its own: start it with --data FOLDER")
        return self._catalogues

    def _prepared(self, index: WritableIndex, clips: Sequence[ClipInput]) -> list[Prepared]:
        assert self._preparation is not None  # it comes with the catalogues
        with self._preparing:  # two writers mustn't give one new attribute two types
            known = index.attribute_types
            prepared = self._preparation.prepare(clips, known)
            learned = _new_attribute_types(prepared, known)
            if learned:
                index.learn_attribute_types(learned)
        return prepared


def _new_attribute_types(prepared: Sequence[Prepared], known: Mapping[str, str]) -> dict[str, str]:
    learned: dict[str, str] = {}
    for clip in prepared:
        if isinstance(clip, StoredClip) and not all(map(known.__contains__, clip.metadata.attributes)):
            learned |= {name: type_ for name, type_ in attribute_types(clip).items() if name not in known}
    return learned


def _tell(results: Any, clip_ids: Sequence[str], told: Sequence[Outcome | list[Violation]]) -> None:
    """Add the result of each clip to those of a response: what became of it, or why it was refused."""
    for clip_id, each in zip(clip_ids, told, strict=True):
        result = results.add()  # by keywords it takes twice as long
        result.clip_id = clip_id
        if isinstance(each, Outcome):
            result.outcome = _OUTCOMES[each]
        else:
            result.outcome = messages.WRITE_OUTCOME_REFUSED
            for violation in each:
                result.violations.add(field=violation.field, description=violation.description)
