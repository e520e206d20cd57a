"""The indexes of a data folder.

DATA/<name>/clips.sqlite is the truth, DATA/<name>/segments is derived from it and may be deleted.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError, PreconditionError
from ambiance.validation import shown
from music_index_service.live.compacted import load_compacted
from music_index_service.live.keeper import Keeper
from music_index_service.live.live_index import LiveIndex
from music_index_service.live.model import IndexModel
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Store

STORE_FILE, SEGMENTS_FOLDER = "clips.sqlite", "segments"

_NAME = re.compile("[a-z][a-z0-9_-]{0,63}").fullmatch
NAME_LIMIT = 'lower-case letters, digits, "-" and "_", a letter first, at most 64'


class Catalogues:
    """Opens, makes and drops indexes that are written to. Any number of threads may ask at once."""

    def __init__(
        self,
        folder: Path,
        artifacts: Path,
        model: IndexModel,
        publish: Callable[[IndexSnapshot], None],
        withdraw: Callable[[str], None],
    ) -> None:
        """Open every index of the folder, and the released one.

        Args:
            folder: of the data; made if it isn't there.
            artifacts: folder of the released index.
            model: the released index, and what others are made like.
            publish: is given each snapshot of each index.
            withdraw: is given the name of an index that is dropped.

        Raises:
            StorageError: if a store can't be opened.
        """
        self._folder, self._artifacts, self._model = folder, artifacts, model
        self._publish, self._withdraw = publish, withdraw
        self._lock = Lock()  # of making and dropping
        self._indexes: dict[str, LiveIndex] = {}
        self._keepers: dict[str, Keeper] = {}
        try:
            self._open(model.released.name)
            for path in sorted(folder.glob(f"*/{STORE_FILE}")):
                if path.parent.name not in self._indexes:
                    self._open(path.parent.name)
        except AmbianceError:
            self.close()
            raise

    def index(self, name: str) -> LiveIndex:
        """The index of a name.

        Raises:
            NotFoundError: if there is none.
        """
        index = self._indexes.get(name or self._model.released.name)
        if index is None:
            raise NotFoundError(f"index: no {shown(name)}; loaded: {', '.join(sorted(self._indexes))}")
        return index

    def create(self, name: str) -> bool:
        """Make an index; returns whether it wasn't there.

        Raises:
            InvalidInputError: if the name breaks its limit. StorageError: if it can't be made.
        """
        if _NAME(name) is None:
            raise InvalidInputError.of("name", f"{NAME_LIMIT}, got {shown(name)}")
        with self._lock:
            if name in self._indexes:
                return False
            self._open(name)
            return True

    def drop(self, name: str) -> int:
        """Delete an index with all its clips; returns how many it held.

        Raises:
            NotFoundError: if there is none. PreconditionError: if it is the released one.
        """
        with self._lock:
            index = self.index(name)
            if index.name == self._model.released.name:
                raise PreconditionError(f"name: {index.name} is the released index, which can't be deleted")
            count = len(index.current)
            self._withdraw(name)
            del self._indexes[name]
            self._keepers.pop(name).close()
            index.close()
            shutil.rmtree(self._folder / name)
            return count

    def rebase(self, model: IndexModel) -> None:
        """Serve another version of the released index below what was written, and make others like it."""
        with self._lock:
            self._model = model
            for name, index in self._indexes.items():
                index.rebase(model, load_compacted(self._folder / name / SEGMENTS_FOLDER, model))

    def close(self) -> None:
        """End what was begun, and close every store."""
        for keeper in self._keepers.values():
            keeper.close()
        for index in self._indexes.values():
            index.close()

    def _open(self, name: str) -> None:
        model, folder = self._model, self._folder / name
        released = model.released if name == model.released.name else None
        store = Store.open(folder / STORE_FILE)
        segments = folder / SEGMENTS_FOLDER
        compacted = load_compacted(segments, model)
        if compacted is not None and compacted.sequence > store.sequence:
            compacted = None  # of another store: what it holds was never written to this one
        index = LiveIndex(name, model, store, self._publish, released, compacted)
        self._indexes[name] = index
        self._keepers[name] = Keeper(
            index, folder / STORE_FILE, segments, self._artifacts, over_release=released is not None
        )
