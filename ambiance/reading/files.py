"""Which reader a file is for, and what its text must be."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from ambiance.limits import MAX_BOOK_BYTES, MAX_BOOK_TEXT_BYTES, MAX_SOUNDTRACK_CHARACTERS
from ambiance.reading.refusals import refused
from ambiance.validation import CONTROL_CHARACTER

_ZIP = b"PK\x03\x04"
# What files begin with that readers often have, and that would be refused as "binary" or read as gibberish.
_FOREIGN = {
    b"%PDF": "a PDF",
    b"{\\rtf": "a document in RTF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old document of Word",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
}
_KINDLE, _KINDLE_AT = (b"BOOKMOBI", b"TEXtREAd"), 60
# A comment ends where it first can: tried further, ever so many would be shared out in 2^n ways.
_PAGE = re.compile(
    rb"\s*+(?:<\?xml[^>]*+>\s*+)?+(?>(?><!--.*?-->)\s*+)*+<(?:!doctype\s+html|html)\b", re.I | re.S
)
_PAGE_ENDINGS = {".html", ".htm", ".xhtml", ".xht"}
_HEAD_BYTES = 4096
_READABLE = "; plain text, HTML and EPUB can be read"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds to read."""

    title: str  # what the file says, else its name without the ending; one line, possibly empty
    text: str  # 1 to 4,000,000 Unicode characters; paragraphs stand between blank lines where there is markup
    warnings: tuple[str, ...] = ()  # what couldn't be read of a book of which the rest could, a sentence each


def read_text(data: bytes, name: str) -> Reading:
    """The text of a file of this content and name. What it is is told by the content, then by the name.

    Line ends become "\\n". Control characters but white space are left out: they mean nothing to a reader.

    Raises:
        InvalidInputError: of the field "file", if it is too large, empty, binary, damaged, protected by DRM,
            of another format, or a trap (an archive that unpacks to a multiple of what it should).
        ModuleNotFoundError: if the extra `reading` is needed and isn't installed.
    """
    if len(data) > MAX_BOOK_BYTES:
        raise refused(f"at most {MAX_BOOK_BYTES:,} bytes, got {len(data):,}")
    title, text, warnings = _read(data, name)
    text = CONTROL_CHARACTER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise refused("holds no text")
    if len(text) > MAX_SOUNDTRACK_CHARACTERS:
        raise refused(f"at most {MAX_SOUNDTRACK_CHARACTERS:,} characters of text, got {len(text):,}")
    return Reading(_line(title) or _line(PurePath(name).stem), text, tuple(warnings))


def _line(title: str) -> str:
    """A title in a line; a name may have bytes that are no characters."""
    return " ".join(CONTROL_CHARACTER.sub("", title).encode(errors="replace").decode().split())


def _read(data: bytes, name: str) -> tuple[str, str, list[str]]:
    """Title, text and warnings, by the reader that the file is for; each is loaded when it is needed."""
    if data.startswith(_ZIP):
        from ambiance.reading.epub import read_epub  # noqa: PLC0415

        return read_epub(data)
    _refuse_foreign(data)
    if len(data) > MAX_BOOK_TEXT_BYTES:
        raise refused(f"at most {MAX_BOOK_TEXT_BYTES:,} bytes of text, got {len(data):,}")
    if PurePath(name).suffix.lower() in _PAGE_ENDINGS or _PAGE.match(data[:_HEAD_BYTES]):
        from ambiance.reading.html import read_page  # noqa: PLC0415

        return *read_page(data), []
    from ambiance.reading.encodings import decoded  # noqa: PLC0415

    return "", decoded(data), []


def _refuse_foreign(data: bytes) -> None:
    if data[_KINDLE_AT : _KINDLE_AT + len(_KINDLE[0])] in _KINDLE:
        raise refused(f"is a book for Kindle{_READABLE}")
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise refused(f"is {what}{_READABLE}")
