"""`python -m torture.store_child DATABASE SOCKET`: the process that StoreTarget kills."""

import signal
import sys
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from threading import Thread
from typing import Any

from ambiance.errors import AmbianceError
from music_index_service.store.store import Change, State, Store


def main() -> None:
    """Serve the store until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        store = Store.open(Path(sys.argv[1]))
    except AmbianceError as error:
        sys.exit(str(error))
    with store, Listener(sys.argv[2], backlog=64) as listener:
        print("ready", flush=True)
        while True:
            Thread(target=_serve, args=[store, listener.accept()], daemon=True).start()


def _serve(store: Store, connection: Connection) -> None:
    try:
        while True:
            method, argument = connection.recv()
            connection.send(_answer(store, method, argument))
    except (EOFError, OSError):
        pass


def _answer(store: Store, method: str, argument: Any) -> tuple[object] | str:
    """The answer in a tuple, or what went wrong."""
    try:
        if method == "write":
            return (store.commit([Change(i, State.WRITTEN, text.encode()) for i, text in argument.items()]),)
        if method == "delete":
            return (store.commit([Change(clip_id, State.DELETED) for clip_id in argument]),)
        store.check()
        kept = [kept for kept in store.since(0) if kept.state is State.WRITTEN]
        if len(kept) != store.count(State.WRITTEN):
            return f"counts {store.count(State.WRITTEN)} clips, reads {len(kept)}"
        return ({kept.clip_id: kept.document.decode() for kept in kept},)
    except AmbianceError as error:
        return str(error)


if __name__ == "__main__":
    main()
