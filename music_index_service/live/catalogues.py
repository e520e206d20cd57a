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
from music_index_service.live.compacted import load_compacted, remove_later
from music_index_service.live.keeper import LEAST_AT_ONCE, Keeper
from music_index_service.live.live_index import LiveIndex
from music_index_service.live.model import IndexModel
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.faults import storage_errors
from music_index_service.store.lock import sync_folder
from music_index_service.store.store import Store

STORE_FILE, SEGMENTS_FOLDER = "clips.sqlite", "segments"
_DROPPED = ".dropped-"  # what the folder of an index is called while it is removed

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
        compaction_clips: int = LEAST_AT_ONCE,
    ) -> None:
        """Open every index of the folder, and the released one.

        Args:
            folder: of the data; made if it isn't there.
            artifacts: folder of the released index.
            model: the released index, and what others are made like.
            publish: is given each snapshot of each index.
            withdraw: is given the name of an index that is dropped.
            compaction_clips: how many change before they are compacted in the midst of writing.

        Raises:
            StorageError: if a store can't be opened.
        """
        self._folder, self._artifacts, self._model = folder, artifacts, model
        self._publish, self._withdraw = publish, withdraw
        self._compaction_clips = compaction_clips
        self._lock = Lock()  # of making and dropping
        self._indexes: dict[str, LiveIndex] = {}
        self._keepers: dict[str, Keeper] = {}
        try:
            self._open(model.released.name)
            self._remove_dropped()
            # by any file of a store: one that is gone is to be told of, not passed over
            for name in sorted({path.parent.name for path in folder.glob(f"*/{STORE_FILE}*")}):
                if _NAME(name) and name not in self._indexes:
                    self._open(name)
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
            was_there = (self._folder / name).exists()
            try:
                self._open(name)
            except BaseException:
                if (
                    not was_there
                ):  # half made it would be opened at the next start, or keep the others from it
                    shutil.rmtree(self._folder / name, ignore_errors=True)
                raise
            return True

    def drop(self, name: str) -> int:
        """Delete an index with all its clips; returns how many it held.

        Raises:
            NotFoundError: if there is none. PreconditionError: if it is the released one.
            StorageError: if it can't be deleted; it is served on then.
        """
        with self._lock:
            index, folder = self.index(name), self._folder / name
            if index.name == self._model.released.name:
                raise PreconditionError(f"name: {index.name} is the released index, which can't be deleted")
            self._keepers[name].close()
            try:
                with storage_errors(folder):
                    # In one step: of a folder that is half removed, half the clips would come back.
                    folder.rename(self._folder / f"{_DROPPED}{name}")
            except BaseException:
                self._keep(index)
                raise
            del self._indexes[name], self._keepers[name]
            index.close()
            self._withdraw(name)  # now that it publishes no more
            with storage_errors(folder):
                sync_folder(self._folder)
            self._remove_dropped()
            return len(index.current)

    def rebase(self, model: IndexModel) -> None:
        """Serve another version of the released index below what was written, and make others like it."""
        with self._lock:
            before, self._model = self._model, model
            try:
                self._rebase_all()
            except BaseException:
                self._model = before
                self._rebase_all()
                raise

    def close(self) -> None:
        """End what was begun, and close every store."""
        for keeper in self._keepers.values():
            keeper.close()
        for index in self._indexes.values():
            index.close()

    def _rebase_all(self) -> None:
        for name, index in self._indexes.items():
            if index.model is not self._model:
                compacted = load_compacted(self._folder / name / SEGMENTS_FOLDER, self._model)
                index.rebase(self._model, compacted)

    def _remove_dropped(self) -> None:
        for path in self._folder.glob(f"{_DROPPED}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _open(self, name: str) -> None:
        model, folder = self._model, self._folder / name
        released = model.released if name == model.released.name else None
        store = Store.open(folder / STORE_FILE)
        segments = folder / SEGMENTS_FOLDER
        try:
            remove_later(segments, store.sequence)
            index = LiveIndex(name, model, store, self._publish, released, load_compacted(segments, model))
        except BaseException:
            store.close()
            raise
        self._indexes[name] = index
        self._keep(index)

    def _keep(self, index: LiveIndex) -> None:
        folder = self._folder / index.name
        self._keepers[index.name] = Keeper(
            index,
            folder / STORE_FILE,
            folder / SEGMENTS_FOLDER,
            self._artifacts,
            over_release=index.name == self._model.released.name,
            least_at_once=self._compaction_clips,
        )
