"""Catalogues' files as rows: what is read, and what is rejected without ending the import."""

import csv
import io
import json
import struct
from pathlib import Path
from typing import Any

import google_crc32c
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ambiance.errors import InvalidInputError
from ambiance.importing import rows as limits
from ambiance.importing.formats import open_source
from ambiance.importing.rows import Kind, Reject, Rows, Unreadable

FRAME = bytes(range(128))


def read(path: Path, skip: int = 0, **options: Any) -> list[Rows]:
    return list(open_source(path, **options).rows(skip))


def only(path: Path, **options: Any) -> Rows:
    [rows] = read(path, **options)
    return rows


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b'\xef\xbb\xbfid,title\r\na,"x, ""y""\r\nz"\r\n\r\nb,\r\n')
    rows = only(path)
    assert rows.columns == {"id": ["a", "b"], "title": ['x, "y"\r\nz', None]}
    assert (list(rows.numbers), rows.row_count, rows.position) == ([2, 5], 2, path.stat().st_size)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_of_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "a.csv", f"id{delimiter}title\na{delimiter}1,5\n".encode())
    assert only(path).columns == {"id": ["a"], "title": ["1,5"]}


def test_rows_of_csv_that_cannot_be_read_are_rejected_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ambiance.importing.csv_source.MAX_ROW_CHARACTERS", 1_000_000)
    lines = [
        b"id,title",
        b"good,1",
        b"short",
        b"long,1,2",
        b'"quoted"x,1',
        b"carriage\rreturn,1",
        b"huge," + b"x" * 200_000,
        b"huger," + b"x" * 3_000_000,
        b"\xff\xfe,1",
        b"nul\0,1",
        b'"never closed,1',
        b"lost,1",
    ]
    rows = only(write(tmp_path / "a.csv", b"\n".join(lines)))
    assert rows.columns["id"] == ["good", "return", "\udcff\udcfe", "nul\0"]
    assert [(reject.number, reject.reason.partition(":")[0]) for reject in rows.rejects] == [
        (3, "2 columns, as in the header, got 1"),
        (4, "2 columns, as in the header, got 3"),
        (5, "not CSV"),
        (6, "2 columns, as in the header, got 1"),
        (8, "not CSV"),
        (9, "not CSV"),
        (12, "not CSV"),
    ]
    assert rows.row_count == len(rows.numbers) + len(rows.rejects)
    assert "1,000,000" in rows.rejects[5].reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "line 1: a header that names the columns, got none"),
        (b"\n1,2\n", "line 1: a header that names the columns, got none"),
        (b"id,id\n", "line 1: each column once, got 'id' twice"),
        (b'"id\n', "line 1: not CSV: unexpected end of data"),
    ],
)
def test_csv_without_a_header(tmp_path: Path, content: bytes, told: str) -> None:
    path = write(tmp_path / "a.csv", content)
    with pytest.raises(InvalidInputError) as caught:
        open_source(path)
    assert str(caught.value) == f"{path}: {told}"


def test_json_lines(tmp_path: Path) -> None:
    objects = [{"id": "a", "facets": {"calm": 0.5}, "metadata": {"title": "A"}}, {"id": "b", "x": 1}]
    path = write(
        tmp_path / "a.jsonl", b"\xef\xbb\xbf" + b"\r\n\n".join(json.dumps(o).encode() for o in objects)
    )
    source = open_source(path)
    assert source.columns == {
        "title": Kind.TEXT,
        "id": Kind.TEXT,
        "facets": Kind.MAPPING,
        "x": Kind.INTEGER,
    }
    rows = only(path)
    assert rows.columns["facets"] == [{"calm": 0.5}, None]
    assert rows.columns["title"] == ["A", None]
    assert list(rows.numbers) == [1, 3]


def test_lines_that_are_not_json_are_rejected_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ambiance.importing.jsonl_source.MAX_ROW_CHARACTERS", 100_000)
    lines = [
        b'{"id": "a"}',
        b'{"id": "b"',
        b"[1]",
        b'{"id": "\xff"}',
        b'{"id": "\0"}',
        b"[" * 50_000,
        b'{"id": "' + b"x" * 1_000_000 + b'"}',
        b'{"id": ' + b"9" * 5_000 + b"}",
        b"NaN",
        b'{"id": "z"}',
    ]
    rows = only(write(tmp_path / "a.jsonl", b"\n".join(lines)))
    assert rows.columns == {"id": ["a", "z"]}
    assert [reject.number for reject in rows.rejects] == list(range(2, 10))
    reasons = [reject.reason for reject in rows.rejects]
    assert reasons[1] == "a JSON object, got lists"
    assert reasons[2] == "byte 0xFF at position 8 isn't UTF-8"
    assert reasons[5] == "at most 100,000 bytes a line, got more"


def test_a_column_that_comes_late_is_no_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ambiance.importing.jsonl_source.SCHEMA_ROWS", 1)
    rows = only(write(tmp_path / "a.jsonl", b'{"id": "a"}\n{"id": "b", "mood": 1}\n{"id": "c"}'))
    assert rows.columns == {"id": ["a", "c"]}
    assert [reject[:3] for reject in rows.rejects] == [(2, "b", "mood")]


def table() -> pa.Table:
    return pa.table(
        {
            "id": ["a", "b", None],
            "year": [1, None, 3],
            "calm": pa.array([0.5, 0.25, None], pa.float32()),
            "vggish_frames": [FRAME, None, FRAME],
            "vggish_embedding": [[0.5] * 128, None, []],
            "facets": [{"calm": 0.5}, None, {"calm": 1.0}],
            "attributes": pa.array([[("x", "1")], [], None], pa.map_(pa.string(), pa.string())),
            "genre": pa.array(["rock", None, "rock"]).dictionary_encode(),
            "live": [True, False, None],
        }
    )


def test_parquet(tmp_path: Path) -> None:
    parquet.write_table(table(), tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert list(source.columns.values()) == [
        Kind.TEXT,
        Kind.INTEGER,
        Kind.NUMBER,
        Kind.BYTES,
        Kind.LIST,
        Kind.MAPPING,
        Kind.MAPPING,
        Kind.TEXT,
        Kind.FLAG,
    ]
    rows = only(tmp_path / "a.parquet")
    assert rows.columns["attributes"] == [{"x": "1"}, {}, None]
    assert rows.columns["genre"] == ["rock", None, "rock"]
    assert rows.columns["vggish_frames"] == [FRAME, None, FRAME]
    assert (list(rows.numbers), rows.row_count, source.size) == ([1, 2, 3], 3, 3)


def test_a_text_in_parquet_that_is_not_utf8_stands_for_its_row_alone(tmp_path: Path) -> None:
    raw = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
    parquet.write_table(pa.table({"id": raw}), tmp_path / "a.parquet")
    [a, b, c] = only(tmp_path / "a.parquet").columns["id"]
    assert (a, c) == ("a", "c")
    assert isinstance(b, Unreadable)


@pytest.mark.parametrize("content", [b"", b"id,title\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"a\.parquet: not a Parquet file: "):
        open_source(write(tmp_path / "a.parquet", content))


def test_a_parquet_file_that_names_a_column_twice(tmp_path: Path) -> None:
    column = pa.array(["a"])
    parquet.write_table(pa.Table.from_arrays([column, column], ["id", "id"]), tmp_path / "a.parquet")
    with pytest.raises(InvalidInputError, match="each column once, got 'id' twice"):
        open_source(tmp_path / "a.parquet")


def test_a_damaged_parquet_file_is_told_and_the_rows_before_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = pa.table({"id": [f"{i:0100}" for i in range(4_000)]})
    parquet.write_table(texts, path, row_group_size=2_000, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    start = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    rows = open_source(path).rows()
    assert [next(rows).row_count, next(rows).row_count] == [1_000, 2_000]
    with pytest.raises(InvalidInputError, match="damaged after row 2,000"):
        next(rows)


def masked(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(*records: bytes) -> bytes:
    lengths = [struct.pack("<Q", len(record)) for record in records]
    return b"".join(
        length + masked(length) + record + masked(record)
        for length, record in zip(lengths, records, strict=True)
    )


CLASSES = "index,mid,display_name\n0,/m/a,Speech\n137,/m/b,Music\n"


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    return write(tmp_path / "classes.csv", CLASSES.encode())


def test_tfrecord_of_audioset_as_tensorflow_writes_it(tmp_path: Path, classes: Path) -> None:
    audioset_files = pytest.importorskip("audioset_files")
    records = [
        audioset_files.clip_record("abcdefghijk", 30, 40, (0, 137), (FRAME, FRAME[::-1])),
        audioset_files.clip_record("bbcdefghijk", 1.25, 2, (0,), (FRAME,)),
    ]
    path = write(tmp_path / "a.tfrecord", audioset_files.tfrecord(records))
    assert only(path, classes=classes).columns == {
        "id": ["abcdefghijk@30", "bbcdefghijk@1.25"],
        "youtube_id": ["abcdefghijk", "bbcdefghijk"],
        "start_seconds": [30.0, 1.25],
        "end_seconds": [40.0, 2.0],
        "labels": [["Speech", "Music"], ["Speech"]],
        "vggish_frames": [FRAME + FRAME[::-1], FRAME],
    }
    assert "labels" not in open_source(path).columns


def test_records_that_are_no_clip_are_rejected_and_the_rest_goes_on(tmp_path: Path, classes: Path) -> None:
    audioset_files = pytest.importorskip("audioset_files")
    good = audioset_files.clip_record(labels=(0,))
    unknown = audioset_files.clip_record(labels=(3,))
    short = audioset_files.clip_record(frames=(b"abc",))
    content = framed(b"\xff\xff", b"", unknown, short, good)
    damaged = framed(good)
    damaged = damaged[:50] + bytes([damaged[50] ^ 1]) + damaged[51:]
    rows = only(write(tmp_path / "a.tfrecord", content + damaged + framed(good)), classes=classes)
    assert list(rows.numbers) == [5, 7]
    assert [reject.number for reject in rows.rejects] == [1, 2, 3, 4, 6]
    assert [reject.reason.partition(":")[0] for reject in rows.rejects] == [
        "not a SequenceExample",
        "video_id",
        "labels",
        "audio_embedding",
        f"wrong CRC of its {len(good):,} bytes",
    ]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"\1" + b[1:], lambda b: b[:5]])
def test_where_the_length_of_a_record_is_lost_the_import_ends(tmp_path: Path, damage: Any) -> None:
    path = write(tmp_path / "a.tfrecord", framed(b"") + damage(framed(b"")))
    with pytest.raises(InvalidInputError, match="record 2: "):
        read(path)


def test_a_file_of_which_nothing_tells_the_format(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"a\.txt: --format, or a name that ends in \.csv, \.tsv"):
        open_source(tmp_path / "a.txt")
    with pytest.raises(InvalidInputError, match=r"a\.csv: can't be read: No such file or directory"):
        open_source(tmp_path / "a.csv")
    (tmp_path / "b.jsonl").mkdir()
    with pytest.raises(InvalidInputError, match=r"b\.jsonl: a file is needed, not a folder or a pipe"):
        open_source(tmp_path / "b.jsonl")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_what_was_read_before_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path, ids = tmp_path / name, [f"{i}" for i in range(2_500)]
    if name == "a.csv":
        path.write_text("id,x\n" + "".join(f"{i},1\n" for i in ids))
    elif name == "a.jsonl":
        path.write_text("".join(json.dumps({"id": i}) + "\n" for i in ids))
    else:
        parquet.write_table(pa.table({"id": ids}), path, row_group_size=700)
    whole = read(path)
    assert [i for rows in whole for i in rows.columns["id"]] == ids
    assert max(len(rows.numbers) for rows in whole) <= limits.CHUNK_ROWS
    for skip in (0, 1, 700, 1_399, 2_499, 2_500):
        rest = read(path, skip)
        assert [i for rows in rest for i in rows.columns["id"]] == ids[skip:]
        assert [n for rows in rest for n in rows.numbers] == [n for rows in whole for n in rows.numbers][
            skip:
        ]
        assert [rows.row_count for rows in rest][-1:] == ([2_500] if skip < 2_500 else [])


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=20))
def test_csv_reads_what_csv_writes(tmp_path_factory: pytest.TempPathFactory, table: list[Any]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *table])
    path = write(tmp_path_factory.mktemp("csv") / "a.csv", stream.getvalue().encode())
    got = [row for rows in read(path) for row in zip(*rows.columns.values(), strict=True)]
    assert got == [tuple(text or None for text in row) for row in table]


@settings(max_examples=150)
@given(st.binary(max_size=300))
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_no_bytes_whatever_end_the_reading(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    head = b"id,title\n" if name == "a.csv" else b'{"id": "a", "title": "b"}\n'
    path = write(tmp_path_factory.mktemp("bytes") / name, head + content)
    count = 0
    for rows in read(path):
        assert all(len(values) == len(rows.numbers) for values in rows.columns.values())
        assert all(isinstance(reject, Reject) and reject.reason for reject in rows.rejects)
        count += len(rows.numbers) + len(rows.rejects)
        assert rows.row_count == count


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_no_record_whatever_ends_the_reading(tmp_path_factory: pytest.TempPathFactory, record: bytes) -> None:
    path = write(tmp_path_factory.mktemp("bytes") / "a.tfrecord", framed(record))
    rows = only(path)
    assert len(rows.numbers) + len(rows.rejects) == 1
