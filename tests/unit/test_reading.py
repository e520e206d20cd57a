"""Files that people read, as text: what encodings and pages become, and what is refused."""

import codecs
import subprocess
import sys
import time
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_BOOK_BYTES, MAX_BOOK_TAGS, MAX_SOUNDTRACK_CHARACTERS
from ambiance.reading import Reading, read_text
from ambiance.validation import CONTROL_CHARACTER
from support import within_cpu_seconds

FRENCH = "Elle était déjà là, près de la fenêtre, où la lumière tombait en août. « Ça va ? » dit-il, œuvre…\n"
GERMAN = "Über den Dächern lag Schnee, und die Mädchen gingen müde nach Hause. Größe, Straße, süß.\n"
ENGLISH = "It’s a wonderful night — “so quiet,” she said, and the café was closed over £5.\n"
POLISH = "Był wieczór, a ona płakała już całą godzinę, bo źle się czuła i chciała wrócić.\n"
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n"
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"
CHINESE = "他站在门口，看着雨下了一整夜，心里什么也没有。\n"


def refusal(data: bytes, name: str = "book.txt") -> str:
    with pytest.raises(InvalidInputError) as caught:
        read_text(data, name)
    [violation] = caught.value.violations
    assert violation.field == "file"
    return violation.description


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *product([FRENCH, GERMAN, ENGLISH, RUSSIAN, JAPANESE], ["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
        *product([ENGLISH, FRENCH], ["utf-16-le", "utf-16-be"]),  # without a mark
        *product([FRENCH, GERMAN, ENGLISH], ["cp1252"]),
        *product([POLISH], ["cp1250", "iso8859-2"]),
        *product([RUSSIAN], ["cp1251", "koi8-r", "cp866"]),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gbk"),
        (CHINESE, "big5"),
    ],
)
@pytest.mark.parametrize("times", [1, 40])
def test_a_text_is_read_in_whatever_encoding_it_is(text: str, encoding: str, times: int) -> None:
    data = (text * times).encode(encoding, "ignore")
    assert read_text(data, "book.txt") == Reading("book", data.decode(encoding))


def test_the_first_letter_beyond_ascii_may_stand_far_into_a_book() -> None:
    text = "Nothing happened for a long while.\n" * 40_000 + ENGLISH
    assert read_text(text.encode("cp1252"), "a.txt").text == text


@given(st.text(min_size=1))
def test_any_text_comes_back_from_utf_8_but_for_line_ends_and_control_characters(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode().lstrip("\ufeff")
    kept = CONTROL_CHARACTER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        assert read_text(codecs.BOM_UTF8 + text.encode(), "a.txt").text == kept
    except InvalidInputError:
        assert not kept.strip() or text.startswith("<")


@given(st.binary(max_size=300), st.sampled_from(["a.txt", "a.html", "a.epub", "", "a/b\0.xhtml"]))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    with suppress(InvalidInputError):  # any other is a fault
        reading = read_text(data, name)
        assert reading.text.strip()
        assert not CONTROL_CHARACTER.search(reading.text + reading.title)
        reading.text.encode()


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<title>", "<b", '"', "<!--", "-->", "x ", "<nav>", "&amp", "<br/>"])
    )
)
def test_any_markup_is_read_or_refused(parts: list[str]) -> None:
    with suppress(InvalidInputError):  # any other is a fault
        assert "<p>" not in read_text(("<!doctype html>" + "".join(parts)).encode(), "").text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "holds no text"),
        (b" \r\n\t", "holds no text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary, not a text; plain text, HTML and EPUB can be read"),
        (bytes(range(1, 256)), "is binary, not a text; plain text, HTML and EPUB can be read"),
        (b"%PDF-1.7", "is a PDF; plain text, HTML and EPUB can be read"),
        (b"\0" * 60 + b"BOOKMOBI", "is a book for Kindle; plain text, HTML and EPUB can be read"),
        (b"\xef\xbb\xbfabc\xff", "seems to be UTF-8, of which byte 3 isn't a part"),
        (b"\xff\xfea", "seems to be UTF-16, of which byte 2 isn't a part"),
        (bytes(MAX_BOOK_BYTES + 1), f"at most {MAX_BOOK_BYTES:,} bytes, got {MAX_BOOK_BYTES + 1:,}"),
        (
            b"a" * (MAX_SOUNDTRACK_CHARACTERS + 1),
            f"at most 4,000,000 characters of text, got {MAX_SOUNDTRACK_CHARACTERS + 1:,}",
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else "",
)
def test_what_is_no_text_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


def test_line_ends_are_one_character_and_control_characters_are_left_out() -> None:
    data = b"one\r\ntwo\rthree\x0cfour\x07 " + b"and so on " * 50 + b"\x1a"
    assert read_text(data, "x.txt").text == "one\ntwo\nthree\x0cfour " + "and so on " * 50


PAGE = """<!DOCTYPE html><html><head><title> The
 House &amp; I </title><style>p { color: red }</style><script>if (a < b) alert("<p>no</p>")</script></head>
<body><nav><ul><li>Home</li></ul></nav><h1>One</h1><p>It was  <i>very</i>
late&nbsp;&mdash;&#8220;go&#x201D;.<p>She<br>left.<!-- not this --></p><pre>  two
  lines</pre>after<table><tr><td>a</td><td>b</td></tr></table>
<ruby>漢<rt>kan</ruby>!<noscript>x</noscript><textarea>y</textarea><svg><title>z</title><text>z</text></svg></body></html>"""


def test_a_page_is_read_as_it_is_shown() -> None:
    assert read_text(PAGE.encode(), "page.html") == Reading(
        "The House & I",
        "One\n\nIt was very late\xa0—“go”.\n\nShe\nleft.\n\ntwo\nlines\n\nafter\n\na b\n\n漢!",
    )


def test_a_page_is_told_by_its_content_and_read_in_the_encoding_that_it_declares() -> None:
    page = '<!DOCTYPE HTML PUBLIC "x"><meta charset="koi8-r"><p>Мир</p>'
    assert read_text(page.encode("koi8-r"), "letter.txt") == Reading("letter", "Мир")
    wrong = "<html><meta charset=ascii><p>Größe, Mädchen, über Straße</p>"
    assert read_text(wrong.encode(), "x").text == "Größe, Mädchen, über Straße"
    assert read_text(b"<html><meta charset=base64><p>joy</p>", "x").text == "joy"


@pytest.mark.parametrize(
    "declared",
    [
        "punycode",
        "idna",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "utf-7",
        "utf-16",
        "utf-32",
        "cp037",
    ],
)
def test_a_page_that_declares_no_encoding_of_text_is_read_as_utf_8(declared: str) -> None:
    text = "a.b- \\ud800 +2AA- \\x3c Größe"
    page = f"<html><meta charset={declared}><p>{text}</p>"
    for padding in range(4):  # bytes that would be whole characters of two or four
        assert read_text(page.encode() + b" " * padding, "x").text == text


def test_elements_that_xml_ends_at_once_dont_swallow_the_rest() -> None:
    page = (
        '<?xml version="1.0"?><html xmlns="x"><head><title/><script src="a"/></head>'
        "<body><p/>all of<br/>it<div/></body></html>"
    )
    assert read_text(page.encode(), "a.xhtml").text == "all of\nit"


@pytest.mark.parametrize(
    "opened", ["<div>", "<b><i>", "<!--", '<a "', "<table><td>", "<title>", "&amp", "<![CDATA["]
)
def test_a_page_that_never_ends_what_it_begins_takes_no_time(opened: str) -> None:
    began = time.monotonic()
    data = b"<!doctype html><p>joy " + opened.encode() * (100_000 // len(opened))
    assert read_text(data, "a.html").text.startswith("joy")
    assert time.monotonic() - began < 10  # it takes a part of a second; what is quadratic would take minutes


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"<!---->" * 80 + b"joy"),
        ("a.html", b"<p>joy</p>" + b"<!---->" * 450_000),
        ("a.html", b"<p>joy</p>" + b"<!----!>" * 450_000),
        ("a.xhtml", b'<?xml version="1.0"?><p>joy</p><' + b"a" * 500_000),
        ("a.xhtml", b'<?xml version="1.0"?><p>joy</p>' + b"<!DOCTYPE[" * 50_000),
    ],
)
def test_markup_that_never_ends_is_tried_once(name: str, data: bytes) -> None:
    with within_cpu_seconds(20):  # a part of a second; minutes to ages where each part is tried anew
        assert "joy" in read_text(data, name).text


@pytest.mark.parametrize(
    "comment", ["<!---->", "<!-->", "<!--->", "<!-- a --!>", "<!-- <p>x</p> -- > -->", "<!-- -"]
)
def test_comments_are_left_out_and_arrows_are_not(comment: str) -> None:
    page = f"<title>a --> b</title><p>one{'' if comment == '<!-- -' else comment} --> two --!> three{comment}"
    assert read_text(page.encode(), "a.html") == Reading("a --> b", "one --> two --!> three")


@pytest.mark.parametrize("before", ["", '\n<?xml version="1.0"?>\n<!-- a --> <!-- b\n-->', "<!----><!---->"])
def test_a_page_is_told_behind_what_may_stand_before_it(before: str) -> None:
    page = f'{before}<!DOCTYPE html [<!ENTITY a "b">] ><html xmlns="x"><p class="a/b"/><p>joy</p></html>'
    assert read_text(page.encode(), "a.txt").text == "joy"


def test_a_page_of_nothing_but_tags_is_refused() -> None:
    what = f"at most {MAX_BOOK_TAGS:,} tags and character references"
    assert refusal(b"<p>" * (MAX_BOOK_TAGS + 1), "a.html") == f"{what}, got {MAX_BOOK_TAGS + 1:,}"


def test_plain_text_loads_nothing_of_the_extra() -> None:
    code = (
        "import sys; from ambiance.reading import read_text; read_text('Größe'.encode(), 'a.txt'); "
        "print({'chardet', 'justhtml', 'defusedxml', 'grpc'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
