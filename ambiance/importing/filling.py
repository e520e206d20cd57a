"""Rows to messages, column by column."""

from typing import NamedTuple

from ambiance.importing.plan import Plan
from ambiance.importing.rows import Reject, Rows
from ambiance.importing.values import told
from ambiance.limits import MAX_CLIP_BYTES
from ambiance.music.v1.clip_input_pb2 import ClipInput


class Chunk(NamedTuple):
    """Consecutive rows of the file, ready to be sent."""

    messages: list[ClipInput]
    numbers: list[int]  # of the row of each message
    rejects: list[Reject]  # rows that can't be sent
    row_count: int  # as in Rows
    position: int  # as in Rows


def filled(rows: Rows, plan: Plan) -> Chunk:
    """The clips of the rows. A row whose values don't fit their fields is rejected for the first of them."""
    messages = [ClipInput() for _ in rows.numbers]
    offences: dict[int, tuple[str, str]] = {}
    for column, field in plan.items():
        put = field.put
        for i, value in enumerate(rows.columns[column]):
            if value is None:
                continue
            try:
                put(messages[i], value)
            except ValueError as error:
                offences.setdefault(i, (column, told(error)))
    for i, message in enumerate(messages):
        if not message.id:
            offences.setdefault(i, ("id", "is empty"))
        elif (size := message.ByteSize()) > MAX_CLIP_BYTES:
            offences.setdefault(i, ("", f"at most {MAX_CLIP_BYTES:,} bytes, got {size:,}"))
    refused = [
        Reject(rows.numbers[i], messages[i].id, field, reason) for i, (field, reason) in offences.items()
    ]
    good = [i for i in range(len(messages)) if i not in offences]
    return Chunk(
        [messages[i] for i in good],
        [rows.numbers[i] for i in good],
        sorted([*rows.rejects, *refused]),
        rows.row_count,
        rows.position,
    )
