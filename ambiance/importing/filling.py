"""Rows to messages, column by column."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from struct import Struct, pack
from typing import Any, NamedTuple

from ambiance.importing.fields import Field
from ambiance.importing.plan import Plan
from ambiance.importing.rows import Reject, Rows
from ambiance.importing.values import plain_numbers, plain_texts, told
from ambiance.limits import MAX_CLIP_BYTES
from ambiance.music.v1.clip_input_pb2 import ClipInput

_LEAST_MAPPED = 2  # names that itemgetter looks up as a tuple


class Chunk(NamedTuple):
    """Consecutive rows of the file, ready to be sent."""

    messages: list[ClipInput]
    sizes: list[int]  # bytes of each message
    numbers: list[int]  # of the row of each message
    rejects: list[Reject]  # rows that can't be sent
    row_count: int  # as in Rows
    position: int  # as in Rows


def filled(rows: Rows, plan: Plan) -> Chunk:
    """The clips of the rows. A row whose values don't fit their fields is rejected for the first of them."""
    messages = [ClipInput() for _ in rows.numbers]
    offences: dict[int, tuple[str, str]] = {}
    scored = _put_scores(messages, rows, plan)
    for column, field in plan.items():
        if field.scores in scored:
            continue
        values, put = rows.columns[column], field.put
        if field.put_all is not None and field.put_all(messages, values):
            continue
        for i, value in enumerate(values):
            if value is None:
                continue
            try:
                put(messages[i], value)
            except ValueError as error:
                offences.setdefault(i, (column, told(error)))
    sizes = [message.ByteSize() for message in messages]
    for i, (message, size) in enumerate(zip(messages, sizes, strict=True)):
        if not message.id:
            offences.setdefault(i, ("id", "is empty"))
        elif size > MAX_CLIP_BYTES:
            offences.setdefault(i, ("", f"at most {MAX_CLIP_BYTES:,} bytes, got {size:,}"))
    refused = [
        Reject(rows.numbers[i], messages[i].id, field, reason) for i, (field, reason) in offences.items()
    ]
    good = [i for i in range(len(messages)) if i not in offences]
    return Chunk(
        [messages[i] for i in good],
        [sizes[i] for i in good],
        [rows.numbers[i] for i in good],
        sorted([*rows.rejects, *refused]),
        rows.row_count,
        rows.position,
    )


def _put_scores(messages: Sequence[ClipInput], rows: Rows, plan: Plan) -> set[str]:
    """Put the scores into the clips whose columns hold a number in every row, in a third of the time that it
    takes one by one; returns which lists of scores these are.

    They are merged in as they travel: of each score its name, the same in every clip, and then a float.
    """
    done = set()
    for scores in {field.scores for field in plan.values() if field.scores}:
        columns: dict[bytes, list[float]] = {}
        for column, field in plan.items():
            if field.scores == scores:
                read = _plain_scores(field, rows.columns[column])
                if read is None:
                    break
                columns |= read
        else:
            if _merge(messages, columns):
                done.add(scores)
    return done


def _plain_scores(field: Field, values: Sequence[Any]) -> dict[bytes, list[float]] | None:
    """The scores of a column, by what stands before the number of each in a clip that travels; None if they
    aren't plainly numbers, or mappings of the same names in the same order to numbers."""
    if not field.is_mapping:
        numbers = plain_numbers(values)
        return None if numbers is None else {_before_score(field, 1.0): numbers}
    if set(map(type, values)) != {dict}:
        return None
    names = list(values[0])
    if len(names) < _LEAST_MAPPED or any(list(value) != names for value in values):
        return None
    if plain_texts(names) is None:
        return None
    columns = map(plain_numbers, zip(*map(itemgetter(*names), values), strict=True))
    found = {
        _before_score(field, {name: 1.0}): numbers
        for name, numbers in zip(names, columns, strict=True)
        if numbers is not None
    }
    return found if len(found) == len(names) else None


def _before_score(field: Field, value: Any) -> bytes:
    """What stands before the number of a score in a clip that travels; the number follows as a float."""
    clip = ClipInput()
    field.put(clip, value)
    return clip.SerializeToString().removesuffix(pack("<f", 1.0))


def _merge(messages: Sequence[ClipInput], columns: Mapping[bytes, list[float]]) -> bool:
    """Merge scores into clips; False if there are none, or float32 has no room for one."""
    if not columns:
        return False
    layout = Struct("<" + "".join(f"{len(name)}sf" for name in columns))
    try:
        packed = [
            layout.pack(*chain.from_iterable(zip(columns, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        ]
    except OverflowError:
        return False
    for message, content in zip(messages, packed, strict=True):
        message.MergeFromString(content)
    return True
