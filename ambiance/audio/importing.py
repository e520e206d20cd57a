"""Imports a folder of recordings: each is heard, its clips are written, and the journal says so."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from ambiance.audio.clips import clips_of, file_uri
from ambiance.audio.errors import AudioError
from ambiance.audio.folder import Found
from ambiance.audio.journal import Entry, Journal, stale
from ambiance.audio.listening import Hear, listen
from ambiance.audio.quiet import quiet
from ambiance.clip_input import ClipInput
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_WRITTEN_CLIPS
from ambiance.write_results import WriteOutcome, WriteResult

T = TypeVar("T")


class Catalogue(Protocol):
    """What clips are written to: `ambiance.Client`."""

    def upsert_clips(self, clips: Sequence[ClipInput], *, index: str) -> list[WriteResult]:
        """Write 1 to MAX_WRITTEN_CLIPS clips."""

    def delete_clips(self, clip_ids: Sequence[str], *, index: str) -> list[WriteResult]:
        """Delete as many."""


@dataclass
class Summary:
    """What an import did.

    Attributes:
        outcomes: what writing did with each clip, and how often.
        imported, skipped: recordings that were heard, and those whose clips the journal knows already.
        rejected: files and folders that the file of rejects names.
        silent: windows that were left out as silent.
    """

    outcomes: Counter[WriteOutcome] = field(default_factory=Counter)
    imported: int = 0
    skipped: int = 0
    rejected: int = 0
    silent: int = 0


class AudioImport:
    """Writes the clips of recordings to an index."""

    def __init__(
        self,
        catalogue: Catalogue,
        hear: Hear,
        journal: Journal,
        rejects: TextIO,
        *,
        index: str,
        window_seconds: float,
        settings: str,
        restart: bool = False,
    ) -> None:
        """Take what to write to, what hears, and where to note what was done and what couldn't be.

        `settings` tell apart clips that were made otherwise; `restart` hears what the journal knows, too.
        """
        self._catalogue, self._hear, self._journal, self._rejects = catalogue, hear, journal, rejects
        self._index, self._window_seconds = index, window_seconds
        self._settings, self._restart = settings, restart
        self.summary = Summary()

    def run(self, found: Found, progress: Callable[[Iterable[Path]], Iterable[Path]] = iter) -> Summary:
        """Import every recording; what can't be is noted, and the rest goes on.

        Raises:
            AmbianceError: if the index can't be written to. What the journal knows by then is written.
        """
        for path, reason in found.rejects:
            self._reject(path, reason)
        for path in progress(found.recordings):
            try:
                self._import(path)
            except (AudioError, InvalidInputError) as error:  # the latter: a text that no message can hold
                self._reject(path, str(error))
        return self.summary

    def _import(self, path: Path) -> None:
        uri = file_uri(path)
        before = self._journal.entry(uri)
        now = (*_state(path), self._settings)
        if before and not self._restart and now == (before.size, before.modified_ns, before.settings):
            self.summary.skipped += 1
            return
        with quiet():  # decoders say what they think of a file, and TensorFlow which processor it found
            heard = listen(path, self._window_seconds, self._hear)
        written, refused = self._write(clips_of(path, heard))
        self.summary.silent += heard.silent_count
        if refused:  # in no journal: it is tried again next time, and what was written before stays till then
            self._reject(path, "; ".join(refused))
            return
        for ids in _batched(stale(before, written)):
            self._catalogue.delete_clips(ids, index=self._index)
        self.summary.imported += 1
        self._journal.add(Entry(uri, *now, clip_ids=tuple(written)))

    def _write(self, clips: Sequence[ClipInput]) -> tuple[list[str], list[str]]:
        """Ids that the index holds now, and each reason, once, why it refused others."""
        written: list[str] = []
        refused: dict[str, None] = {}
        for batch in _batched(clips):
            for result in self._catalogue.upsert_clips(batch, index=self._index):
                self.summary.outcomes[result.outcome] += 1
                if result.outcome is WriteOutcome.REFUSED:
                    refused |= {
                        f"{v.field.partition('.')[2]}: {v.description}": None for v in result.violations
                    }
                else:
                    written.append(result.clip_id)
        return written, list(refused)

    def _reject(self, path: Path, reason: str) -> None:
        self.summary.rejected += 1
        shown = os.fsencode(path).decode(errors="backslashreplace")
        self._rejects.write(json.dumps({"path": shown, "reason": reason}, ensure_ascii=False) + "\n")
        self._rejects.flush()


def _state(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError as error:
        raise AudioError(error.strerror or str(error)) from error
    return state.st_size, state.st_mtime_ns


def _batched(items: Sequence[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, MAX_WRITTEN_CLIPS)):
        yield batch
