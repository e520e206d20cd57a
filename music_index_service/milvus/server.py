"""The way to a Milvus server: calls with deadlines, and its errors in our words."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import grpc
import numpy as np
import pymilvus
from numpy.typing import NDArray
from pymilvus.exceptions import MilvusException

from ambiance.errors import AmbianceError, NotFoundError, PeerError, UnavailableError

# It logs a traceback of each failure, of those that are told to the caller as well.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

CALL_TIMEOUT_S = 5.0  # of one call; pymilvus tries again within it
ADMINISTRATION_TIMEOUT_S = 60.0  # of making, loading and dropping collections

# Hits of one query that Milvus returns at most, and rows of one query by expression.
MAX_ROWS = 16_384

_SHARDS = 1  # Milvus writes a call atomically within one alone

# What a read must see. A process's own writes at once, for as long as Milvus's grace (`common.gracefulTime`);
# then whatever is older than this grace, whoever wrote it, also while Milvus catches up after a restart:
# a process that hasn't written yet would read what was long ago. Strong sees all that was acknowledged, and
# waits for a tick of Milvus's clock, 200 ms by default.
_OWN, _SETTLED, _NEWEST = "Session", "Bounded", "Strong"
_GRACE_S = 5.0

# Milvus's codes for what passes: it starts, is overloaded, or still loads what it holds after a restart.
_PASSING = {1, 2, 3, 4, 9, 101, 102, 106, 400, 401, 500, 501, 502, 503, 600, 601, 604, 901, 902, 903, 904}
_COLLECTION_NOT_FOUND = 100
_PASSING_WORDS = (
    "not loaded",
    "not ready",
    "not available",
    "unavailable",
    "recovering",
    "Retry timeout",
    "lack",
)

Row = dict[str, Any]


_NO_PARAMS: Mapping[str, float] = MappingProxyType({})


class Hit(NamedTuple):
    """A row near a query, and its distance as Milvus computed it."""

    distance: float
    row: Row


class CollectionMissingError(NotFoundError):
    """Raised when a collection isn't in Milvus, or no longer."""


def from_distance(distance: float) -> dict[str, float]:
    """Has a search return what lies at that distance or beyond."""
    return {"radius": float(np.finfo(np.float32).max), "range_filter": distance}


class Server:
    """A Milvus server. Any number of threads may ask at once; it connects when it is first asked.

    Every method raises UnavailableError if Milvus doesn't answer in time or isn't ready, PeerError if it
    answers with another error, and CollectionMissingError if a collection isn't there.
    """

    def __init__(self, uri: str, token: str = "") -> None:
        """Take its address, `http://host:19530` say, or a file of milvus-lite; and a token, if any."""
        self._uri, self._token = uri, token
        self._client: pymilvus.MilvusClient | None = None
        self._lock = Lock()
        self._written: dict[str, float] = {}  # when a collection was written to last, from here
        parts = urlsplit(uri)
        self.name = f"Milvus at {uri.replace(f'{parts.netloc}', parts.netloc.rpartition('@')[2])}"

    def search(
        self,
        collection: str,
        queries: NDArray[np.float32],
        limit: int,
        condition: str,
        fields: Sequence[str],
        params: Mapping[str, float] = _NO_PARAMS,
    ) -> list[list[Hit]]:
        """The rows nearest to each query <float32>[n, d] by squared L2, among those that meet a condition.

        At most `limit` of them, up to MAX_ROWS. `params` are those of the index, and of `from_distance`.
        """
        with self._asked() as client:
            found = client.search(
                collection,
                data=queries.tolist(),
                limit=limit,
                filter=condition,
                output_fields=list(fields),
                search_params={"metric_type": "L2", "params": dict(params)},
                consistency_level=self._consistency(collection),
                timeout=CALL_TIMEOUT_S,
            )
        return [[Hit(hit["distance"], hit["entity"]) for hit in hits] for hits in found]

    def query(
        self,
        collection: str,
        condition: str,
        fields: Sequence[str],
        limit: int = MAX_ROWS,
        *,
        newest: bool = False,
    ) -> list[Row]:
        """Rows that meet a condition, at most `limit`: the first by primary key.

        With `newest` whatever was acknowledged before is seen, whoever wrote it; it takes a tick longer.
        """
        with self._asked() as client:
            rows = client.query(
                collection,
                filter=condition,
                output_fields=list(fields),
                limit=limit,
                consistency_level=_NEWEST if newest else self._consistency(collection),
                timeout=CALL_TIMEOUT_S,
            )
        return [dict(row) for row in rows]

    def count(self, collection: str, condition: str) -> int:
        """How many rows meet a condition."""
        with self._asked() as client:
            rows = client.query(
                collection,
                filter=condition,
                output_fields=["count(*)"],
                consistency_level=self._consistency(collection),
                timeout=CALL_TIMEOUT_S,
            )
        return int(rows[0]["count(*)"])

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows, all of them or none; those with the same primary key give way."""
        with self._asked() as client:
            client.upsert(collection, list(rows), timeout=CALL_TIMEOUT_S)
        self._written[collection] = monotonic()

    def create(self, collection: str, schema: Any, indexes: Any) -> None:
        """Make a collection and load it; what is there of it already is left as it is.

        After a restart Milvus 2.3 refuses to make again what it knows: it takes the fields for others.
        """
        with self._asked() as client:
            within = {"timeout": ADMINISTRATION_TIMEOUT_S}
            if not client.has_collection(collection, **within):
                client.create_collection(
                    collection, schema=schema, num_shards=_SHARDS, consistency_level=_OWN, **within
                )
            if not client.list_indexes(collection, **within):
                client.create_index(collection, indexes, **within)
            client.load_collection(collection, **within)

    def drop(self, collection: str) -> None:
        """Drop a collection, if it is there."""
        with self._asked() as client:
            client.drop_collection(collection, timeout=ADMINISTRATION_TIMEOUT_S)

    def collections(self) -> list[str]:
        """Names of all collections."""
        with self._asked() as client:
            return list(client.list_collections(timeout=CALL_TIMEOUT_S))

    def collection(self, alias: str) -> str | None:
        """The name of the collection that an alias stands for; None if there is no such alias."""
        try:
            with self._asked() as client:
                return str(client.describe_collection(alias, timeout=CALL_TIMEOUT_S)["collection_name"])
        except CollectionMissingError:
            return None

    def point(self, alias: str, collection: str) -> None:
        """Let an alias stand for a collection, whether it is new or stood for another: in one step."""
        with self._asked() as client:
            if client.has_collection(alias, timeout=CALL_TIMEOUT_S):
                client.alter_alias(collection, alias, timeout=CALL_TIMEOUT_S)
            else:
                client.create_alias(collection, alias, timeout=CALL_TIMEOUT_S)

    def drop_alias(self, alias: str) -> None:
        """Drop an alias."""
        with self._asked() as client:
            client.drop_alias(alias, timeout=CALL_TIMEOUT_S)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def _asked(self) -> Iterator[pymilvus.MilvusClient]:
        """The client, for one call whose errors are told in our words."""
        try:
            yield self._connected()
        except MilvusException as error:
            raise self._told(error.code, str(error.message)) from error
        except grpc.RpcError as error:
            raise self._told(error.code(), error.details() or "") from error

    def _consistency(self, collection: str) -> str:
        written = self._written.get(collection)
        return _OWN if written is not None and monotonic() - written < _GRACE_S else _SETTLED

    def _connected(self) -> pymilvus.MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = pymilvus.MilvusClient(
                    self._uri, token=self._token, timeout=CALL_TIMEOUT_S, dedicated=True
                )
            return self._client

    def _told(self, code: object, message: str) -> AmbianceError:
        reason = " ".join(message.split())[:200].rstrip(".")
        if code == _COLLECTION_NOT_FOUND or "can't find collection" in message:
            return CollectionMissingError(f"{self.name}: {reason}")
        passing = isinstance(code, grpc.StatusCode) or code in _PASSING
        if passing or any(words in message for words in _PASSING_WORDS):
            return UnavailableError(f"{self.name} doesn't answer: {_plain(code, reason)}")
        return PeerError(f"{self.name} refused a call: {reason}")


def _plain(code: object, reason: str) -> str:
    if code is grpc.StatusCode.UNAVAILABLE:
        return "no connection"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"nothing within {CALL_TIMEOUT_S:g} s"
    return reason
