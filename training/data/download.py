"""Downloads one published file so that it is there whole and verified, or not at all."""

import os
from collections.abc import Callable
from pathlib import Path

import requests
from tqdm import tqdm

from ambiance.artifacts import file_sha256
from training.data.errors import DataError
from training.data.sources import Source

CHUNK_BYTES = 1 << 20  # written at a time; a broken connection costs the one under way
_TIMEOUT_S = 30  # without a byte
_NOT_A_CONTINUATION = (requests.codes.partial_content, requests.codes.requested_range_not_satisfiable)


def download(source: Source, target: Path, verify: Callable[[Path], None] | None = None) -> None:
    """Fetch a file to `target`, taking up where an interrupted download of the same content stopped.

    Bytes collect in `<target>.part`, beside it the ETag of the content they belong to. The part takes the
    target's name only once its length, its SHA-256 where known, and `verify` (raises DataError) agree.

    Raises:
        DataError: if the publisher can't be reached, the transfer breaks off (run again to resume), or
            what arrived isn't what it should be (it is deleted).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part, etag_file = _beside(target, ".part"), _beside(target, ".part.etag")
    try:
        size = _fetch(source.url, part, etag_file)
    except OSError as error:  # requests' errors are OSErrors too
        raise DataError(f"{source.url}: {error} (run it again to resume)") from error
    try:
        _verify(source, part, size)
        if verify is not None:
            verify(part)
    except DataError:
        part.unlink()
        etag_file.unlink(missing_ok=True)
        raise
    part.rename(target)
    etag_file.unlink(missing_ok=True)


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


def _fetch(url: str, part: Path, etag_file: Path) -> int | None:
    """Fill the part; return the length in bytes that the server states, None if it states none."""
    # Compressed transfer would make lengths and ranges those of the compressed bytes.
    headers = {"Accept-Encoding": "identity"}
    held, etag = _held(part, etag_file)
    if held:
        # If-Range: the rest of the same content, or all of the new.
        headers |= {"Range": f"bytes={held}-", "If-Range": etag}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        if held and _continues(response, held, etag):
            return _write(response, part, held)
        if held and response.status_code in _NOT_A_CONTINUATION:
            part.unlink()  # the server holds other content: start over
            return _fetch(url, part, etag_file)
        response.raise_for_status()
        part.unlink(missing_ok=True)  # before its new ETag is written: the two must never disagree
        _remember_etag(response, etag_file)
        return _write(response, part, 0)


def _held(part: Path, etag_file: Path) -> tuple[int, str]:
    """Bytes that a new request may build on and the ETag of their content; 0 if their content is unknown."""
    if not (part.exists() and etag_file.exists()):
        return 0, ""
    return part.stat().st_size, etag_file.read_text()


def _continues(response: requests.Response, held: int, etag: str) -> bool:
    """Whether a response holds what follows the held bytes, of the same content."""
    return (
        response.status_code == requests.codes.partial_content
        and response.headers.get("Content-Range", "").startswith(f"bytes {held}-")
        and response.headers.get("ETag") == etag
    )


def _remember_etag(response: requests.Response, etag_file: Path) -> None:
    etag = response.headers.get("ETag", "")
    # A weak ETag (W/"...") promises equivalent content, not equal bytes.
    if etag.startswith('"'):
        etag_file.write_text(etag)
    else:
        etag_file.unlink(missing_ok=True)


def _write(response: requests.Response, part: Path, held: int) -> int | None:
    stated = response.headers.get("Content-Length")
    size = held + int(stated) if stated else None
    bar = tqdm(
        total=size, initial=held, desc=part.stem, unit="B", unit_scale=True, unit_divisor=1024, disable=None
    )
    with part.open("ab" if held else "wb") as file, bar:
        for chunk in response.iter_content(CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    return size


def _verify(source: Source, part: Path, size: int | None) -> None:
    if size is not None and part.stat().st_size != size:
        raise DataError(f"{source.url}: {part.stat().st_size} bytes arrived, the server promised {size}")
    if source.sha256 is not None and (digest := file_sha256(part)) != source.sha256:
        raise DataError(
            f"{source.url}: SHA-256 {digest}, expected {source.sha256}; has the publisher changed it?"
        )
