"""Epubs as text, and those that nobody should unpack."""

import io
import re
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_BOOK_ENTRIES, MAX_BOOK_RATIO, MAX_BOOK_TAGS
from ambiance.reading import Reading, read_text
from books import CONTAINER, ENCRYPTION, PACKAGE, archive, book, package, page

CHAPTERS = {"one.xhtml": "<h1>One</h1><p>It rained.</p>", "text/two.xhtml": "<p>The sun&#160;came.</p>"}
TEXT = "One\n\nIt rained.\n\nThe sun\xa0came."
BOMB = '<!DOCTYPE package [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghij")
)


def refusal(files: dict[str, str | bytes] | bytes) -> str:
    with pytest.raises(InvalidInputError) as caught:
        read_text(files if isinstance(files, bytes) else archive(files), "book.epub")
    [violation] = caught.value.violations
    assert violation.field == "file"
    return violation.description


@pytest.mark.parametrize("opf", ["content.opf", "OEBPS/content.opf", "a/b c/book.opf"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_chapters_come_in_the_order_of_the_spine(opf: str, compression: int) -> None:
    data = archive(book(CHAPTERS, opf), compression)
    assert read_text(data, "whatever.zip") == Reading("A Book", TEXT)


def test_a_book_of_epub_2_and_one_that_lies_in_nested_folders() -> None:
    files = book({}, "OPS/package/content.opf")
    files["OPS/package/content.opf"] = package(
        ["../text/one%20a.html#start", "./two.html"], title="Zwei &amp; eins", version="2.0"
    )
    files |= {"OPS/text/one a.html": page("<p>First.</p>"), "OPS\\package\\two.html": page("<p>Second.</p>")}
    assert read_text(archive(files), "b.epub") == Reading("Zwei & eins", "First.\n\nSecond.")


def test_contents_notes_pictures_and_page_numbers_are_left_out() -> None:
    body = (
        '<p>She said<a epub:type="noteref" href="#n">1</a> no<span epub:type="pagebreak" id="p2"/>thing '
        '<span epub:type="pagebreak">12</span>more.</p>'
    )
    files = book({"c0.xhtml": body, "c1.xhtml": "<p>A note.</p>"})
    items = (
        '<item id="nav" href="c1.xhtml" media-type="application/xhtml+xml" properties="scripted nav"/>'
        '<item id="cover" href="cover.jpg" media-type="image/jpeg"/>'
        '<item id="c" href="c0.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="notes" href="c1.xhtml" media-type="application/xhtml+xml"/>'
    )
    spine = "".join(f'<itemref idref="{item}"/>' for item in ("cover", "nav", "c"))
    spine += '<itemref idref="notes" linear="no"/>'
    files["OEBPS/content.opf"] = PACKAGE.format(version="3.0", title="T", manifest=items, spine=spine)
    assert read_text(archive(files), "b.epub") == Reading("T", "She said nothing more.")


def test_what_can_be_read_of_a_broken_book_is_read_and_the_rest_is_told() -> None:
    files = book({**CHAPTERS, "gone.xhtml": "", "binary.xhtml": ""})
    del files["OEBPS/gone.xhtml"]
    files["OEBPS/binary.xhtml"] = b"GIF\0\0\0" * 9
    opf = files["OEBPS/content.opf"]
    assert isinstance(opf, str)
    files["OEBPS/content.opf"] = opf.replace("</spine>", '<itemref idref="nothing"/></spine>')
    reading = read_text(archive(files), "b.epub")
    assert reading.text == TEXT
    assert reading.warnings == (
        "left out nothing: it is in the spine, and not in the manifest",
        "left out OEBPS/gone.xhtml: it isn't in the archive",
        "left out OEBPS/binary.xhtml: it is binary, not a text; plain text, HTML and EPUB can be read",
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"META-INF/container.xml": None}, "is an archive, and no epub: META-INF/container.xml isn't in it"),
        ({"META-INF/container.xml": "<container/>"}, "names no package document"),
        ({"META-INF/container.xml": "<contai"}, "is a broken epub: META-INF/container.xml isn't XML"),
        ({"META-INF/container.xml": CONTAINER.format(path="../../x")}, "../../x isn't in the archive"),
        ({"OEBPS/content.opf": None}, "is a broken epub: OEBPS/content.opf isn't in the archive"),
        ({"OEBPS/content.opf": "<package>"}, "is a broken epub: OEBPS/content.opf isn't XML"),
        ({"OEBPS/content.opf": b"\xff\xfe<"}, "is a broken epub: OEBPS/content.opf isn't XML"),
        ({"OEBPS/content.opf": "<package/>"}, "is an epub of which no chapter can be read"),
        ({"OEBPS/content.opf": package(["no.xhtml"])}, "left out OEBPS/no.xhtml: it isn't in the archive"),
        ({"OEBPS/content.opf": package(["../../../etc/passwd"])}, "left out ../../etc/passwd: it isn't in"),
        ({"OEBPS/content.opf": BOMB + "]><package>&j;</package>"}, "declares entities in OEBPS/content.opf"),
        (
            {"OEBPS/content.opf": '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>&x;</p>'},
            "declares entities in OEBPS/content.opf",
        ),
        (
            {"META-INF/encryption.xml": ENCRYPTION.format(algorithm="x#aes128-cbc", path="OEBPS/one.xhtml")},
            "is protected by DRM",
        ),
    ],
)
def test_a_book_that_cant_be_read_is_refused_in_a_sentence(
    change: dict[str, str | bytes | None], sentence: str
) -> None:
    files = {k: v for k, v in {**book(CHAPTERS), **change}.items() if v is not None}
    assert sentence in refusal(files)


def test_fonts_that_are_obfuscated_are_no_drm() -> None:
    font = ENCRYPTION.format(algorithm="http://www.idpf.org/2008/embedding", path="OEBPS/font.otf")
    assert read_text(archive(book(CHAPTERS) | {"META-INF/encryption.xml": font}), "").text == TEXT


def test_entities_in_a_chapter_stay_what_they_are() -> None:
    files = book(CHAPTERS)
    files["OEBPS/one.xhtml"] = (
        BOMB.replace("package", "html") + "]><html><body><p>&j;&eacute;</p></body></html>"
    )
    assert read_text(archive(files), "").text.startswith("&j;é\n\n")


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(book(CHAPTERS) | {"OEBPS/one.xhtml": bytes(30_000_000)})
    many = archive(book({f"{i}.xhtml": str(i) for i in range(9)} | {"a": "b" * 100}))
    tracemalloc.start()
    try:
        assert refusal(bomb).startswith(
            f"unpacks to at most {MAX_BOOK_RATIO} times its size, got 30,000,000 "
        )
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert read_text(many, "").text.startswith("0\n\n1\n\n2")


def test_chapters_that_are_too_much_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ambiance.reading.archive.MAX_BOOK_TEXT_BYTES", 3_000)
    assert read_text(archive(book({f"{i}.xhtml": "x" for i in range(3)})), "").text == "x\n\nx\n\nx"
    files = book({f"{i}.xhtml": f"<!--{'-' * 500}-->" for i in range(6)})
    assert refusal(files) == "at most 3,000 bytes of text in an epub, unpacked; it has more"


def test_chapters_that_are_too_much_work_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ambiance.reading.html.MAX_BOOK_TAGS", 70)
    assert read_text(archive(book({"0.xhtml": "<i>joy" * 40, "1.xhtml": ""})), "").text == "joy" * 40
    files = book({"0.xhtml": "<i>" * 40, "1.xhtml": "&amp;" * 40})
    assert refusal(files) == "at most 70 tags and character references, got 102"


@pytest.mark.parametrize("href", ["http://[", "//[::", "http://\u2100/"])
def test_an_address_that_is_none_is_a_name_that_isnt_there(href: str) -> None:
    files = book(CHAPTERS)
    files["OEBPS/content.opf"] = package([*CHAPTERS, href])
    reading = read_text(archive(files), "")
    assert reading.text == TEXT
    assert re.fullmatch(r"left out .*: it isn't in the archive", reading.warnings[0])


def test_names_that_a_book_chose_are_told_printable_and_short() -> None:
    files = book(CHAPTERS)
    files["OEBPS/content.opf"] = package([*CHAPTERS, "%1b]0;gotcha%07", "a" * 100_000])
    escaped, long = read_text(archive(files), "").warnings
    assert escaped == r"left out 'OEBPS/\x1b]0;gotcha\x07': it isn't in the archive"
    assert len(long) < 200


def test_a_package_document_of_too_many_attributes_is_refused_before_it_is_a_tree() -> None:
    files = book(CHAPTERS)
    attributes = " ".join(f"a{i}=''" for i in range(MAX_BOOK_TAGS))
    files["OEBPS/content.opf"] = f"<package {attributes}/>"
    told = refusal(archive(files, zipfile.ZIP_STORED))
    what = "tags, attributes and character references"
    assert told == f"at most {MAX_BOOK_TAGS:,} {what}, got {MAX_BOOK_TAGS + 1:,}"


def test_a_package_document_of_too_many_elements_is_refused_before_it_is_a_tree() -> None:
    files = book(CHAPTERS)
    files["OEBPS/content.opf"] = "<package>" + "<a/>" * MAX_BOOK_TAGS + "</package>"
    told = refusal(archive(files, zipfile.ZIP_STORED))
    what = "tags, attributes and character references"
    assert told == f"at most {MAX_BOOK_TAGS:,} {what}, got {MAX_BOOK_TAGS + 2:,}"


def test_an_archive_that_lies_about_sizes_is_never_unpacked_further() -> None:
    data = bytearray(archive(book(CHAPTERS) | {"OEBPS/one.xhtml": bytes(50_000_000)}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # of the file, and in the directory
        starts = [found.start() for found in re.finditer(re.escape(signature), data)]
        [start] = [start for start in starts if b"OEBPS/one.xhtml" in data[start : start + 64]]
        struct.pack_into("<I", data, start + at, 1000)
    tracemalloc.start()
    try:
        reading = read_text(bytes(data), "")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert reading.text == "The sun\xa0came."
    assert reading.warnings[0].startswith("left out OEBPS/one.xhtml: it is damaged (Bad CRC-32")


def test_too_many_files_and_foreign_packing_are_refused() -> None:
    files = {str(i): "" for i in range(MAX_BOOK_ENTRIES + 1)}
    assert refusal(files) == f"at most {MAX_BOOK_ENTRIES:,} files in an epub, got {MAX_BOOK_ENTRIES + 1:,}"
    assert "META-INF/container.xml is packed as no epub's are" in refusal(
        archive(book(CHAPTERS), zipfile.ZIP_LZMA)
    )


def test_a_password_is_told() -> None:
    data = bytearray(archive(book(CHAPTERS)))
    i = -1
    while (i := data.find(b"PK\x01\x02", i + 1)) >= 0:
        data[i + 8] |= 1
    assert refusal(bytes(data)) == "is protected by a password"


@given(st.data())
def test_a_damaged_book_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(archive(book(CHAPTERS)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(whole)))
    with suppress(InvalidInputError):  # any other is a fault
        assert read_text(bytes(whole[:cut]), "b.epub").text


def test_a_spine_that_names_a_chapter_over_and_over_reads_it_once() -> None:
    files = book(CHAPTERS)
    files["OEBPS/content.opf"] = package(list(CHAPTERS), spine='<itemref idref="c0"/>' * 5_000)
    assert read_text(archive(files), "").text == "One\n\nIt rained."


def test_a_book_within_a_book_is_no_trap() -> None:
    inner = archive(book(CHAPTERS), zipfile.ZIP_STORED)
    into = io.BytesIO(archive(book(CHAPTERS) | {"inner.epub": inner}, zipfile.ZIP_STORED))
    assert read_text(into.getvalue(), "").text == TEXT
