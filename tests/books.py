"""Small books that tests make: epubs as publishers pack them, and as nobody should."""

import io
import zipfile
from collections.abc import Mapping

MIMETYPE = "application/epub+zip"
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/>
<link rel="stylesheet" href="style.css"/><script src="reader.js"/></head><body>{body}</body></html>"""
CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="{path}" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf" version="{version}"><metadata
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>
<manifest>{manifest}</manifest><spine>{spine}</spine></package>"""
ENCRYPTION = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>
<enc:EncryptionMethod Algorithm="{algorithm}"/>
<enc:CipherData><enc:CipherReference URI="{path}"/></enc:CipherData></enc:EncryptedData></encryption>"""


def page(body: str) -> str:
    """A chapter as XHTML."""
    return PAGE.format(body=body)


def package(chapters: list[str], *, title: str = "A Book", version: str = "3.0", spine: str = "") -> str:
    """A package document whose spine lists the chapters, by their addresses."""
    items = [
        f'<item id="c{i}" href="{href}" media-type="application/xhtml+xml"/>'
        for i, href in enumerate(chapters)
    ]
    listed = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    return PACKAGE.format(version=version, title=title, manifest="".join(items), spine=spine or listed)


def archive(files: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive of these files."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", compression) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return into.getvalue()


def book(
    chapters: Mapping[str, str], opf: str = "OEBPS/content.opf", **more: str | bytes
) -> dict[str, str | bytes]:
    """The files of an epub, with chapters by their paths from the package document."""
    folder = opf.rpartition("/")[0]
    files: dict[str, str | bytes] = {
        "mimetype": MIMETYPE,
        "META-INF/container.xml": CONTAINER.format(path=opf),
        opf: package(list(chapters)),
    }
    files |= {f"{folder}/{name}" if folder else name: page(body) for name, body in chapters.items()}
    return files | more
