"""One caller after the other asks a service for music, and notes how long each answer takes."""

import time
from threading import Event, Thread

import grpc
import numpy as np

from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceStub
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.type.v1.space_pb2 import Vector
from music_index_service.preparation.placement_model import PlacementModel

_QUERIES = 2_000
_K = 10


class Searcher:
    """Asks one query after the other in a thread until it is stopped; queries are reference texts."""

    def __init__(self, target: str, index: str, model: PlacementModel) -> None:
        """Take the service, the name of an index that it serves, and the model that this is made on."""
        self._channel = grpc.insecure_channel(target)
        self._stub = MusicIndexServiceStub(self._channel)
        served = next(
            each
            for each in self._stub.ListIndexes(messages.ListIndexesRequest()).indexes
            if each.name == index
        )
        lineage = next(space.lineage for space in served.spaces if space.name == model.space)
        rows = np.random.default_rng(0).integers(0, len(model.queries), _QUERIES)
        self._requests = [
            messages.FindNeighborsRequest(
                queries=[Vector(space=model.space, lineage=lineage, values=query)],
                options=SearchOptions(index=index, k=_K),
            )
            for query in model.queries[rows]
        ]
        self.begun: list[float] = []  # monotonic, of each call
        self.seconds: list[float] = []  # that each took
        self._stop = Event()
        self._thread = Thread(target=self._search, daemon=True)

    def __enter__(self) -> "Searcher":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._channel.close()

    def between(self, begun: float, ended: float) -> dict[float, float]:
        """Seconds that each call took that began in a span, by when it began."""
        calls = zip(self.begun, self.seconds, strict=False)
        return {at: seconds for at, seconds in calls if begun <= at < ended}

    def _search(self) -> None:
        number = 0
        while not self._stop.is_set():
            request, began = self._requests[number % _QUERIES], time.monotonic()
            found = self._stub.FindNeighbors(request)
            took = time.monotonic() - began
            assert len(found.results[0].neighbors) == _K
            self.begun.append(began)
            self.seconds.append(took)
            number += 1
