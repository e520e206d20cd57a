"""Bytes to characters, whatever encoding they are in."""

import codecs
import re
from contextlib import suppress

from ambiance.reading.refusals import refused

# In this order: the mark of UTF-32 in little-endian begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes 0x80 to 0x9F of Latin-1 are control characters, which no text has: what says it is Latin-1 is this.
_LATIN_1, _WINDOWS = "iso8859-1", "cp1252"
# Python's own, and UTF-7: what they decode needn't be characters, nor their errors those of bytes.
_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
_ASCII = b"charset"
_UTF16_SAMPLE = 4096  # bytes
_UTF16_SHARE = 0.4  # of every other byte that is 0 in UTF-16 of a text in Latin script, spaces at the least
_GUESSED_BYTES = 1_000_000  # that an encoding is guessed from, around the first that isn't ASCII
_BEFORE = 10_000  # of them
_CONTROL_SHARE = 0.01  # of bytes that are control characters, beyond which this isn't a text
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\v\f\r\x1a\x1b"})


def decoded(data: bytes, declared: str = "") -> str:
    """The characters of a text, by its byte order mark, else the encoding that it is declared to be in, else
    UTF-8, else the one that its bytes are most like.

    Raises:
        InvalidInputError: if it is binary, or what its byte order mark says isn't so.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    if encoding := _utf16_without_mark(data):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    if b"\0" in data or len(data) - len(data.translate(None, _CONTROLS)) > _CONTROL_SHARE * len(data):
        raise refused("is binary, not a text; plain text, HTML and EPUB can be read")
    for encoding in filter(None, (_known_to_hold_ascii(declared), "utf-8")):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue  # declared wrongly, as many are
    return _guessed(data)


def _guessed(data: bytes) -> str:
    from chardet import detect  # noqa: PLC0415  # UTF-8, which most is, does without

    first = re.search(rb"[\x80-\xff]", data)
    begin = max(0, first.start() - _BEFORE) if first else 0
    sample = data[begin : begin + _GUESSED_BYTES]
    for prefer_superset in (False, True):  # the larger ones hold what stands only beyond the sample
        encoding = _known(
            detect(sample, max_bytes=len(sample), prefer_superset=prefer_superset)["encoding"] or ""
        )
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise refused("is in no encoding of a text that is known")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise refused(f"seems to be {name}, of which byte {error.start:,} isn't a part") from None


def _known(encoding: str) -> str:
    """An encoding as Python calls it; empty if there is none of that name for text."""
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return ""
    # base64 and the like aren't of characters
    if found.name in _NO_CHARSETS or not getattr(found, "_is_text_encoding", True):
        return ""
    return _WINDOWS if found.name == _LATIN_1 else found.name


def _known_to_hold_ascii(encoding: str) -> str:
    """As `_known`, but for those in which ASCII isn't ASCII: who declares UTF-16 in such bytes is wrong."""
    known = _known(encoding)
    return known if known and _ASCII.decode(known, "replace") == _ASCII.decode() else ""


def _utf16_without_mark(data: bytes) -> str:
    """The byte order of UTF-16 that doesn't tell it, as Windows' programs write; empty if it isn't that."""
    sample = data[:_UTF16_SAMPLE]
    half = len(sample) // 2
    if not half:
        return ""
    zeros = (sample[0::2].count(0) / half, sample[1::2].count(0) / half)
    if zeros[1] > _UTF16_SHARE and zeros[0] == 0:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > _UTF16_SHARE and zeros[1] == 0 else ""
