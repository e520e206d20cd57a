"""Downloads against a real server that resumes, ignores, breaks off or changes what it serves."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from training.data import download as download_module
from training.data.download import download
from training.data.errors import DataError
from training.data.shards import verify_archive
from training.data.sources import Source

CONTENT = bytes(range(256)) * 40
OTHER = CONTENT[::-1] + b"newer"


@dataclass
class Publisher:
    """What the server serves, and how it misbehaves."""

    content: bytes = CONTENT
    etag: str | None = '"one"'
    cut_at: int | None = None  # bytes of a body after which the connection breaks
    status: int | None = None  # answered to everything
    knows_ranges: bool = True
    heeds_if_range: bool = True
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)  # the Range of each request

    def source(self, sha256: str | None = None) -> Source:
        return Source("folder/file.bin", self.url, sha256)


class Handler(BaseHTTPRequestHandler):
    """One GET, as `publisher` has it."""

    publisher: Publisher

    def do_GET(self) -> None:
        publisher = self.publisher
        asked = self.headers["Range"]
        publisher.ranges.append(asked)
        changed = publisher.heeds_if_range and self.headers["If-Range"] != publisher.etag
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if publisher.status:
            self.send_error(publisher.status)
        elif not asked or changed or not publisher.knows_ranges:
            self._reply(200, 0)
        elif start >= len(publisher.content):
            self._reply(416, start)
        else:
            self._reply(206, start)

    def _reply(self, code: int, start: int) -> None:
        total = len(self.publisher.content)
        body = self.publisher.content[start:]
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        if self.publisher.etag:
            self.send_header("ETag", self.publisher.etag)
        if code == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        self.wfile.write(body[: self.publisher.cut_at])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    state = Publisher()
    handler = type("BoundHandler", (Handler,), {"publisher": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}/file.bin"
        yield state
        server.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.bin"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a broken connection delivered is kept by whole chunks; these divide the cuts below."""
    monkeypatch.setattr(download_module, "CHUNK_BYTES", 500)


def interrupt(publisher: Publisher, target: Path, at: int = 4000) -> None:
    publisher.cut_at = at
    with pytest.raises(DataError, match=r"127\.0\.0\.1.*run it again to resume"):
        download(publisher.source(), target)
    publisher.cut_at = None
    assert not target.exists()


def only_file_is(target: Path, content: bytes) -> bool:
    return list(target.parent.iterdir()) == [target] and target.read_bytes() == content


def test_a_whole_file_arrives_and_nothing_else_stays(publisher: Publisher, target: Path) -> None:
    download(publisher.source(hashlib.sha256(CONTENT).hexdigest()), target)
    assert only_file_is(target, CONTENT)


def test_an_interrupted_download_goes_on_where_it_stopped(publisher: Publisher, target: Path) -> None:
    interrupt(publisher, target)
    download(publisher.source(), target)
    assert publisher.ranges == [None, "bytes=4000-"]
    assert only_file_is(target, CONTENT)


def test_it_goes_on_after_several_interruptions(publisher: Publisher, target: Path) -> None:
    for _ in range(3):
        interrupt(publisher, target, 1000)
    download(publisher.source(), target)
    assert publisher.ranges == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]
    assert only_file_is(target, CONTENT)


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_content_that_changed_meanwhile_is_never_spliced(
    publisher: Publisher, target: Path, heeds_if_range: bool
) -> None:
    interrupt(publisher, target)
    publisher.content, publisher.etag, publisher.heeds_if_range = OTHER, '"two"', heeds_if_range
    download(publisher.source(), target)
    assert only_file_is(target, OTHER)


def test_a_server_that_ignores_ranges_is_read_from_the_start(publisher: Publisher, target: Path) -> None:
    publisher.knows_ranges = False
    interrupt(publisher, target)
    download(publisher.source(), target)
    assert only_file_is(target, CONTENT)


@pytest.mark.parametrize("etag", [None, 'W/"one"'])
def test_without_a_strong_etag_nothing_is_resumed(
    publisher: Publisher, target: Path, etag: str | None
) -> None:
    publisher.etag = etag
    interrupt(publisher, target)
    download(publisher.source(), target)
    assert publisher.ranges == [None, None]
    assert only_file_is(target, CONTENT)


def test_a_part_that_is_already_whole_is_fetched_anew(publisher: Publisher, target: Path) -> None:
    interrupt(publisher, target)
    target.with_name("file.bin.part").write_bytes(b"x" * len(CONTENT))
    download(publisher.source(), target)
    assert only_file_is(target, CONTENT)


def test_another_checksum_is_refused_and_forgotten(publisher: Publisher, target: Path) -> None:
    expected = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(
        DataError, match=f"SHA-256 {hashlib.sha256(CONTENT).hexdigest()}, expected {expected}"
    ):
        download(publisher.source(expected), target)
    assert list(target.parent.iterdir()) == []


def archive_bytes() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("file")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    return buffer.getvalue()


def test_an_archive_is_read_to_its_end_before_it_counts(publisher: Publisher, target: Path) -> None:
    publisher.content = archive_bytes()
    download(publisher.source(), target, verify_archive)
    assert only_file_is(target, publisher.content)


def test_an_archive_that_its_publisher_cut_off_is_refused(publisher: Publisher, target: Path) -> None:
    publisher.content = archive_bytes()[:-20]
    with pytest.raises(DataError, match=r"file\.bin\.part: cut off or damaged"):
        download(publisher.source(), target, verify_archive)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_publishers_refusal_is_reported_and_costs_nothing_held(
    publisher: Publisher, target: Path, interrupted: bool
) -> None:
    if interrupted:
        interrupt(publisher, target)
    publisher.status = 503
    with pytest.raises(DataError, match=r"127\.0\.0\.1.*503"):
        download(publisher.source(), target)
    publisher.status = None
    download(publisher.source(), target)
    assert publisher.ranges[-1] == ("bytes=4000-" if interrupted else None)
    assert only_file_is(target, CONTENT)
