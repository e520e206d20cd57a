"""POST /v1/texts:read: the text of a file, for a page that was given an epub."""

import asyncio
from pathlib import PurePath

import grpc
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ambiance.errors import InvalidInputError
from ambiance.extras import install_hint
from ambiance.limits import MAX_BOOK_BYTES
from ambiance.reading import Reading, read_text
from gateway.http_json.bodies import JSON, Bodies
from gateway.http_json.problems import ProblemError
from gateway.http_json.transcoding import dumped

PATH = "/v1/texts:read"
# Files read at a time: each keeps a thread for up to seconds.
MAX_READING = 2
MAX_NAME_CHARACTERS = 255

# What a file's name ends in that comes without one.
_ENDINGS = {"application/epub+zip": ".epub", "text/html": ".html", "application/xhtml+xml": ".xhtml"}


class TextReader:
    """Reads the files of requests."""

    def __init__(self, bodies: Bodies) -> None:
        """Take what reads bodies."""
        self._bodies = bodies
        self._turns = asyncio.Semaphore(MAX_READING)

    async def read(self, request: Request) -> Response:
        """The title and the text of the file that the body is, and what of it couldn't be read."""
        name = _name(request)
        async with self._bodies.read(request, MAX_BOOK_BYTES) as body, self._turns:
            if not body:
                raise InvalidInputError.of("file", "is empty")
            found = await run_in_threadpool(_read, body, name)
        told = {"title": found.title, "text": found.text, "warnings": found.warnings}
        return Response(dumped(told), media_type=JSON)


def _name(request: Request) -> str:
    name = request.query_params.get("name", "")
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidInputError.of("name", f"at most {MAX_NAME_CHARACTERS} characters, got {len(name):,}")
    if PurePath(name).suffix:
        return name
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return (name or "text") + _ENDINGS.get(kind, ".txt")


def _read(data: bytes, name: str) -> Reading:
    try:
        return read_text(data, name)
    except ModuleNotFoundError as error:
        hint = f"such files can't be read here without {error.name}: {install_hint('reading')}"
        raise ProblemError.of(501, grpc.StatusCode.UNIMPLEMENTED, hint) from error
