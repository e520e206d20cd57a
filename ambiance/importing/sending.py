"""Sends chunks of clips, a few at a time, and hands on what became of each in the order of the file."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ambiance.client import Client
from ambiance.importing.filling import Chunk
from ambiance.wire import write_calls
from ambiance.write_results import WriteResult

_CLIP_PATH = re.compile(r"^clips\[\d+\]\.?(?:metadata\.)?")

Answered = tuple[Chunk, list[WriteResult]]


class Sender:
    """Writes to one index."""

    def __init__(self, client: Client, index: str, in_flight: int) -> None:
        """Take whom to send to, and how many chunks may wait for their answer."""
        self._client, self._index, self._in_flight = client, index, in_flight

    def send(self, chunks: Iterable[Chunk]) -> Iterator[Answered]:
        """Each chunk with its results, as soon as it and all before it are acknowledged.

        Two chunks that hold a clip of one id are never in flight together: the one that stands later in the
        file is to be written last.
        """
        waiting: deque[tuple[Chunk, frozenset[str], Future[list[WriteResult]]]] = deque()
        with ThreadPoolExecutor(self._in_flight, "import") as pool:
            try:
                for chunk in chunks:
                    ids = frozenset(message.id for message in chunk.messages)
                    while waiting and (
                        len(waiting) >= self._in_flight
                        or any(not ids.isdisjoint(sent) for _, sent, _ in waiting)
                    ):
                        sent, _, future = waiting.popleft()
                        yield sent, future.result()
                    waiting.append((chunk, ids, pool.submit(self._write, chunk)))
                while waiting:
                    sent, _, future = waiting.popleft()
                    yield sent, future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _write(self, chunk: Chunk) -> list[WriteResult]:
        results: list[WriteResult] = []
        for batch in write_calls.batches(chunk.messages, chunk.sizes):
            places = range(len(results), len(results) + len(batch))
            call = write_calls.upsert_messages(batch, self._index, places)
            written = self._client.send(call)
            results += written
        return results


def field_of(path: str) -> str:
    """The field of a clip in the path of a violation: "labels[0]" of "clips[3].labels[0]"."""
    return _CLIP_PATH.sub("", path)
