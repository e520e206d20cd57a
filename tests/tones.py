"""Generated tones over HTTP, as somebody's own music that a browser plays, and addresses where it is gone."""

import io
import math
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

RATE = 8_000
SECONDS = 12
GONE = "gone"


def tone(hertz: float) -> bytes:
    """A WAV file of twelve seconds."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        samples = (int(8_000 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE * SECONDS))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


class _Tones(BaseHTTPRequestHandler):
    """Answers /<hertz>.wav with that tone, and whatever is gone with 404."""

    def do_GET(self) -> None:  # the library's name
        name = self.path.strip("/").removesuffix(".wav")
        if not name.isdecimal():
            self.send_error(404)
            return
        data = tone(int(name))
        begin, end = 0, len(data) - 1
        asked = self.headers.get("Range", "")  # browsers seek by it
        if asked.startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            begin, end = int(first or 0), min(int(last or end), end)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - begin + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[begin : end + 1])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def tones() -> Iterator[str]:
    """Serve until the block ends; gives the address that paths are added to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Tones) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
