"""A local HTTP server that plays oEmbed's endpoint and servers of files, well or badly behaved."""

import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit


class MediaServer:
    """What is asked for by path: "/oembed" by the id of the video, anything else by itself.

    Each answers as `script` says, a step for each request, the last one for good: a status, (429, "5") with
    a Retry-After, "slow" (later than anybody waits), "drip" (a byte now and then), "reset" (the connection
    breaks), "junk" (no HTTP), ("to", path) (a redirect), "no HEAD" (405, else 206) or "HEAD lies" (404, else
    206).
    """

    def __init__(self) -> None:
        self.script: dict[str, list[object]] = {}
        self.requests: list[tuple[str, str]] = []  # method and name
        self.ranges: list[str | None] = []
        self.times: list[float] = []
        self.ended = Event()
        self.url = ""
        self._served: Counter[str] = Counter()

    @property
    def oembed(self) -> str:
        return f"{self.url}/oembed"

    def step(self, name: str) -> object:
        steps = self.script.get(name, [404])
        step = steps[min(self._served[name], len(steps) - 1)]
        self._served[name] += 1
        return step


class _Handler(BaseHTTPRequestHandler):
    media: MediaServer

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        media, name = self.media, self._name()
        media.requests.append((self.command, name))
        media.ranges.append(self.headers["Range"])
        media.times.append(time.monotonic())
        match media.step(name):
            case int(status):
                self._reply(status)
            case (int(status), str(seconds)):
                self._reply(status, ("Retry-After", seconds))
            case ("to", str(path)):
                self._reply(302, ("Location", path))
            case "no HEAD" | "HEAD lies" as kind:
                self._reply(206 if self.command == "GET" else 405 if kind == "no HEAD" else 404)
            case "slow":
                media.ended.wait(30)
            case "drip":
                for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300:
                    if media.ended.wait(0.05):
                        return
                    self.wfile.write(bytes([byte]))
            case "reset":
                linger = struct.pack("ii", 1, 0)  # RST instead of FIN
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            case "junk":
                self.wfile.write(b"not HTTP at all\r\n\r\n")
        self.close_connection = True

    def _name(self) -> str:
        url = urlsplit(self.path)
        if url.path != "/oembed":
            return url.path
        asked = parse_qs(url.query)
        assert asked["format"] == ["json"]
        return parse_qs(urlsplit(asked["url"][0]).query)["v"][0]

    def _reply(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Connections break here on purpose."""


@contextmanager
def media_server() -> Iterator[MediaServer]:
    """A server on a port of the system's choice; it ends with the block."""
    media = MediaServer()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"media": media}))
    media.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield media
    finally:
        media.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
