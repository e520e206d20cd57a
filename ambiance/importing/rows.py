"""What every source of rows hands on, whatever its format."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")

CHUNK_ROWS = 1_000  # rows that are converted together, and sent in one request if that holds them
CHUNK_BYTES = 16 * 1024 * 1024  # of the file that are, at most: a few chunks are in memory at a time
SCHEMA_ROWS = 1_000  # rows from which the columns of a file that doesn't tell them are taken
MAX_ROW_CHARACTERS = 4 * 1024 * 1024  # of one line: eight times what the largest clip takes


class Kind(StrEnum):
    """What a column holds, as its file tells."""

    WRITTEN = "written"  # text that stands for any of these, as in CSV
    TEXT = "texts"
    INTEGER = "integers"
    NUMBER = "numbers"
    FLAG = "truth values"
    BYTES = "bytes"
    LIST = "lists"
    MAPPING = "mappings"
    OTHER = "values of another type"


class Reject(NamedTuple):
    """A row that wasn't written, and why."""

    number: int  # its line in a file of lines, else its row or record; from 1
    clip_id: str  # empty if it isn't known
    field: str  # column, or field of the clip; empty if it is the row as a whole
    reason: str


class Unreadable(NamedTuple):
    """Stands for a value that can't be read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of a file, by the column. A value is None where its row says nothing."""

    numbers: Sequence[int]  # of each row, as in Reject
    columns: Mapping[str, Sequence[Any]]  # as many values each as there are numbers
    rejects: Sequence[Reject]  # rows between these that can't be read
    row_count: int  # rows of the file up to here, rejects too
    position: int  # how far into the file that is, in the unit of Source.size


class Source(Protocol):
    """A file of clips."""

    @property
    def columns(self) -> Mapping[str, Kind]:
        """What there is to import, in the order of the file."""

    @property
    def samples(self) -> Mapping[str, Sequence[Any]]:
        """Values of each column from the beginning of the file; empty where the kinds tell enough."""

    @property
    def size(self) -> int:
        """The whole of Rows.position: bytes or rows."""

    @property
    def unit(self) -> str:
        """What size counts: "B" or "rows"."""

    def rows(self, skip: int = 0) -> Iterator[Rows]:
        """The rows of the file in order, without the first `skip`."""


def chunks(rows: Iterable[T], position: Callable[[], int]) -> Iterator[list[T]]:
    """The rows as many together as CHUNK_ROWS and CHUNK_BYTES let; `position` tells how much of the file is
    read."""
    chunk, start = list[T](), position()
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK_ROWS or position() - start >= CHUNK_BYTES:
            yield chunk
            chunk, start = [], position()
    if chunk:
        yield chunk


def kind_of(value: Any) -> Kind:
    """The kind of a value as Python has it."""
    for types, kind in _KINDS:
        if isinstance(value, types):
            return kind
    return Kind.OTHER


_KINDS: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
    (str, Kind.TEXT),
    (bool, Kind.FLAG),
    (int, Kind.INTEGER),
    (float, Kind.NUMBER),
    (bytes, Kind.BYTES),
    (list, Kind.LIST),
    (dict, Kind.MAPPING),
)
