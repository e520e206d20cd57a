"""An epub's text: its chapters in the order of the spine.

EPUB 2.0.1 and 3.3: META-INF/container.xml names the package document, whose spine lists the items of its
manifest in reading order. A chapter that can't be read is left out with a warning; a book of which none can
is refused.
"""

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_SOUNDTRACK_CHARACTERS
from ambiance.reading.archive import Archive, MissingEntryError
from ambiance.reading.html import check_tags, read_page, tag_count
from ambiance.reading.refusals import refused
from ambiance.validation import shown

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PACKAGE_TYPE = "application/oebps-package+xml"
# What is "encrypted" by these are fonts, so that nobody lifts them; the book can be read by anyone.
_OF_FONTS = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
_PAGES = {"application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/xml", "text/xml", ""}
_MAX_WARNINGS = 8
_MAX_NAME_CHARACTERS = 100  # of one that is told as it is


class _Item(NamedTuple):
    """A file of the book."""

    path: str  # in the archive
    media_type: str
    is_contents: bool  # the table of contents


def read_epub(data: bytes) -> tuple[str, str, list[str]]:
    """Title, text and warnings.

    Raises:
        InvalidInputError: if it isn't an epub, none of it can be read, it is protected, or a trap.
    """
    archive = Archive(data)
    if _CONTAINER not in archive:
        raise refused("is an archive, and no epub: META-INF/container.xml isn't in it")
    path = _package_path(_document(archive, _CONTAINER))
    package = _document(archive, path)
    spine, lost = _spine(package, path)
    _refuse_protected(archive, spine)
    chapters, warnings = _chapters(archive, spine)
    warnings = [*lost, *warnings]
    if not chapters:
        why = f": {warnings[0]}" if warnings else ""
        raise refused(f"is an epub of which no chapter can be read{why}")
    if len(warnings) > _MAX_WARNINGS:
        more = f"and {len(warnings) - _MAX_WARNINGS + 1:,} more"
        warnings = [*warnings[: _MAX_WARNINGS - 1], more]
    return _title(package), "\n\n".join(chapters), warnings


def _document(archive: Archive, path: str) -> Element:
    try:
        data = archive.read(path)
        # each element and attribute takes some hundred bytes
        check_tags(tag_count(data) + data.count(b"="), "tags, attributes and character references")
        root: Element = fromstring(data)
    except MissingEntryError as error:
        raise refused(f"is a broken epub: {_told(path)} {error}") from None
    except DefusedXmlException:
        raise refused(f"declares entities in {_told(path)}, as no epub needs to") from None
    except (ParseError, ValueError, LookupError) as error:
        raise refused(f"is a broken epub: {_told(path)} isn't XML ({error})") from None
    return root


def _package_path(container: Element) -> str:
    for file in container.iterfind(".//{*}rootfile"):
        if file.get("media-type", _PACKAGE_TYPE) == _PACKAGE_TYPE and (path := file.get("full-path")):
            return posixpath.normpath(unquote(path))
    raise refused(f"is a broken epub: {_CONTAINER} names no package document")


def _spine(package: Element, path: str) -> tuple[list[_Item], list[str]]:
    """The items to read, in order, and what of the spine is in no manifest.

    Those that it calls not linear, notes mostly, are read only if there are no others.
    """
    folder = posixpath.dirname(path)
    manifest = {item.get("id"): _item(item, folder) for item in package.iterfind("{*}manifest/{*}item")}
    linear: list[_Item] = []
    other: list[_Item] = []
    lost = []
    for reference in package.iterfind("{*}spine/{*}itemref"):
        item = manifest.get(reference.get("idref"))
        if item is None:
            name = _told(reference.get("idref") or "")
            lost.append(f"left out {name}: it is in the spine, and not in the manifest")
        elif not item.is_contents and not item.media_type.startswith("image/"):
            (other if reference.get("linear") == "no" else linear).append(item)
    return list(dict.fromkeys(linear or other)), lost


def _item(item: Element, folder: str) -> _Item:
    href = item.get("href", "")
    with suppress(ValueError):  # it is no address: perhaps it is a name
        href = urlsplit(href).path
    path = posixpath.normpath(posixpath.join(folder, unquote(href)))
    return _Item(path, item.get("media-type", ""), "nav" in item.get("properties", "").split())


def _told(name: str) -> str:
    """A name that the book chose, for a sentence that may go to a terminal."""
    return name if name.isprintable() and len(name) <= _MAX_NAME_CHARACTERS else shown(name)


def _chapters(archive: Archive, spine: list[_Item]) -> tuple[list[str], list[str]]:
    chapters, warnings, size, tags = [], [], 0, 0
    for item in spine:
        if item.media_type not in _PAGES:
            warnings.append(f"left out {_told(item.path)}: it is {_told(item.media_type)}, and no page")
            continue
        try:
            data = archive.read(item.path)
            check_tags(tags := tags + tag_count(data))
            text = _page(data)
        except MissingEntryError as error:
            warnings.append(f"left out {_told(item.path)}: it {error}")
            continue
        size += len(text)
        if size > MAX_SOUNDTRACK_CHARACTERS:
            raise refused(f"at most {MAX_SOUNDTRACK_CHARACTERS:,} characters of text, got more")
        if text:
            chapters.append(text)
    return chapters, warnings


def _page(data: bytes) -> str:
    try:
        return read_page(data, xhtml=True)[1]
    except InvalidInputError as error:
        raise MissingEntryError(error.violations[0].description) from None


def _refuse_protected(archive: Archive, spine: list[_Item]) -> None:
    if _ENCRYPTION not in archive:
        return
    protected = set(_protected(_document(archive, _ENCRYPTION)))
    if any(item.path in protected for item in spine):
        raise refused(
            "is protected by DRM: its chapters are encrypted, and only the shop's own reader has the key"
        )


def _protected(encryption: Element) -> Iterator[str]:
    for data in encryption.iterfind("{*}EncryptedData"):
        method, reference = data.find("{*}EncryptionMethod"), data.find(".//{*}CipherReference")
        if reference is not None and (method is None or method.get("Algorithm") not in _OF_FONTS):
            yield posixpath.normpath(unquote(reference.get("URI", "")))


def _title(package: Element) -> str:
    title = package.find("{*}metadata/{*}title")
    if title is None:  # OEBPS 1.x puts one more element around it
        title = package.find("{*}metadata//{*}title")
    return "".join(title.itertext()) if title is not None else ""
