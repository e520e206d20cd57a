"""An index in a folder of data, as a migration reads and writes it; no service may have it open."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ambiance.errors import NotFoundError
from ambiance.validation import shown
from music_index_service.live.catalogues import STORE_FILE
from music_index_service.live.live_index import ATTRIBUTE_TYPES
from music_index_service.migrate.ends import CARRIED
from music_index_service.store.changes import Change
from music_index_service.store.store import Store

_AT_ONCE = 1_000


class DataEnd:
    """One index of a folder."""

    def __init__(self, folder: Path, index: str, *, make: bool) -> None:
        """Open it, or make it where that is asked for.

        Raises:
            NotFoundError: if it isn't there.
            StorageError: if it can't be opened, or a service has it open.
        """
        path = folder / index / STORE_FILE
        if not make and not path.is_file():
            raise NotFoundError(f"index: no {shown(index)} in {folder}")
        self._store = Store.open(path)

    def changes(self) -> Iterator[list[Change]]:
        """See End."""
        some: list[Change] = []
        for kept in self._store.since(-1):
            if kept.state in CARRIED:
                some.append(Change(kept.clip_id, kept.state, kept.document))
            if len(some) == _AT_ONCE:
                yield some
                some = []
        if some:
            yield some

    def write(self, changes: list[Change]) -> None:
        """See End."""
        self._store.commit(changes)

    @property
    def attribute_types(self) -> Mapping[str, str]:
        """See End."""
        types: dict[str, str] = json.loads(self._store.setting(ATTRIBUTE_TYPES) or "{}")
        return types

    def learn_attribute_types(self, types: Mapping[str, str]) -> None:
        """See End."""
        self._store.set_setting(
            ATTRIBUTE_TYPES, json.dumps({**self.attribute_types, **types}, sort_keys=True)
        )

    def close(self) -> None:
        """See End."""
        self._store.close()
