"""What was written to an index in Milvus, apart from the release that its clips lie over."""

from collections.abc import Iterator

from music_index_service.milvus.clips import FIELDS, MilvusClip
from music_index_service.milvus.expressions import every, literal
from music_index_service.milvus.rows import key_of
from music_index_service.milvus.schema import RowState
from music_index_service.milvus.server import Server

_AT_ONCE = 1_000


def changes(server: Server, collection: str, since: int = -1) -> Iterator[list[MilvusClip]]:
    """The latest state of every clip written, deleted or marked after the write `since`, some at a time.

    By ascending id. All that was acknowledged before is among them; what is written meanwhile may be or not.
    """
    after, end, is_first = key_of(0, ""), "0;", True  # ";" follows ":"
    while True:
        place = f"key > {literal(after)} and key < {literal(end)}"
        condition = every(place, f"state != {int(RowState.RELEASED)}", f"sequence > {since}")
        rows = server.query(collection, condition, FIELDS, _AT_ONCE, newest=is_first)
        if not rows:
            return
        is_first = False
        after = max(row["key"] for row in rows)
        yield [MilvusClip(row) for row in sorted(rows, key=lambda row: row["key"])]
