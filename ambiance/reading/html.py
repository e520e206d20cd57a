"""A page's text as a reader sees it: blocks become paragraphs, and what isn't prose is left out.

It is read as a stream of tags and text. A tree, which this doesn't need, can be made to grow without bound by
a page that opens elements and closes none.
"""

import re
from collections.abc import Iterator

from justhtml import stream

from ambiance.limits import MAX_BOOK_TAGS
from ambiance.reading.encodings import decoded
from ambiance.reading.refusals import refused

# Elements that begin and end a paragraph.
_BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main ol p pre section summary table
    tbody tfoot thead tr ul""".split()  # noqa: SIM905  # forty strings would hide the names
)
# Elements of which nothing is read: each has an end tag of its own.
_LEFT_OUT = frozenset(
    """audio button canvas iframe map nav noscript object rp rt script select style svg template textarea
    title video""".split()  # noqa: SIM905
)
_LEFT_OUT_TYPES = frozenset({"noteref", "pagebreak"})  # epub:type: figures in the midst of sentences
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_CELLS = frozenset({"td", "th"})
_BREAK, _RUBY = "br", "ruby"

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""")
_DECLARED_WITHIN = 1024  # bytes; HTML's own limit
_XHTML = re.compile(rb"<\?xml|xmlns\s*=", re.I)
# No part of these is tried twice, nor a second subset: what a page never ends would else cost the square of
# its length, with the interpreter locked.
# XML ends these at once, where HTML takes all that follows for their content: of <title/> the whole book.
_EMPTY_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]*+)([^<>]*+)(?<=/)>")
# Of a document type, whose declarations would be read as text.
_BEFORE_SUBSET, _SUBSET = re.compile(r"<!DOCTYPE[^<>\[]*+(?=\[)", re.I), re.compile(r"\[[^\]]*+\]\s*+(?=>)")

# justhtml looks for either end of a comment, as far as the page goes. So behind each stands the other, within
# what HTML passes over: else a page of empty comments would cost the square of its length.
_COMMENT_END, _ENDS = re.compile("--!?>"), {"-->": "--><?--!>", "--!>": "--!><?-->"}
_ADDED = re.compile(r"<\?--!?>")  # where it isn't passed over: in a title

_SPACES = re.compile(r"[ \t\n\f\r]+")  # not the no-break space, which is a character of the text
_AROUND_BREAKS = re.compile(r" *\n *")


def read_page(data: bytes, *, xhtml: bool = False) -> tuple[str, str]:
    """Title and text of a page; `xhtml` is whether it is known to be XML, as those of an epub are.

    Raises:
        InvalidInputError: if it is binary, or has more than MAX_BOOK_TAGS tags and character references.
    """
    check_tags(tag_count(data))
    head = data[:_DECLARED_WITHIN]
    declared = _DECLARED.search(head)
    markup = decoded(data, declared[1].decode() if declared else "")
    if xhtml or _XHTML.search(head):
        markup = _EMPTY_ELEMENT.sub(_with_end, _without_subset(markup))
    page = _Page()
    text = "\n\n".join(page.paragraphs(markup))
    return page.title, text


def tag_count(data: bytes) -> int:
    """What begins like a tag or a character reference in a page: its work, known before it is done."""
    return data.count(b"<") + data.count(b"&")


def check_tags(count: int, what: str = "tags and character references") -> None:
    """Require that a page, or all of a book's, take no more work than a book can need.

    Raises:
        InvalidInputError: if there are more than MAX_BOOK_TAGS.
    """
    if count > MAX_BOOK_TAGS:
        raise refused(f"at most {MAX_BOOK_TAGS:,} {what}, got {count:,}")


def _without_subset(markup: str) -> str:
    begin = _BEFORE_SUBSET.search(markup)
    subset = begin and _SUBSET.match(markup, begin.end())
    return markup[: subset.start()] + markup[subset.end() :] if subset else markup


def _with_end(element: re.Match[str]) -> str:
    name, attributes = element[1], element[2][:-1]
    return f"<{name}{attributes}>" if name.lower() in _VOID else f"<{name}{attributes}></{name}>"


class _Page:
    """A page while it is read."""

    def __init__(self) -> None:
        self.title = ""
        self._left_out, self._depth = (
            "",
            0,
        )  # the element that is passed over, and how many of its name are open
        self._is_verbatim = False

    def paragraphs(self, markup: str) -> Iterator[str]:
        """Those that aren't empty, with white space as it is shown."""
        pieces: list[str] = []
        for piece in self._pieces(markup):
            if piece is not None:
                pieces.append(piece)
            elif pieces:
                paragraph = _AROUND_BREAKS.sub("\n", re.sub(" +", " ", "".join(pieces))).strip(" \n")
                if paragraph:
                    yield paragraph
                pieces.clear()

    def _pieces(self, markup: str) -> Iterator[str | None]:
        """The text in order, with None wherever a paragraph ends."""
        for event in stream(_COMMENT_END.sub(lambda end: _ENDS[end[0]], markup)):
            match event:
                case "text", str(text):
                    yield self._text(_ADDED.sub("", text))
                case "start", (str(tag), dict(attributes)):
                    yield from self._start(tag, attributes)
                case "end", str(tag):
                    yield from self._end(tag)
        yield None

    def _text(self, text: str) -> str:
        if not self._left_out:
            return text.replace("\t", " ") if self._is_verbatim else _SPACES.sub(" ", text)
        if self._left_out == "title" and not self.title:
            self.title = " ".join(text.split())
        return ""

    def _start(self, tag: str, attributes: dict[str, str | None]) -> Iterator[str | None]:
        if self._left_out:
            self._depth += tag == self._left_out
        elif tag in _LEFT_OUT or (tag not in _VOID and attributes.get("epub:type") in _LEFT_OUT_TYPES):
            self._left_out, self._depth = tag, 1
        elif tag == _BREAK:
            yield "\n"
        elif tag in _CELLS:
            yield " "
        elif tag in _BLOCKS:
            self._is_verbatim |= tag == "pre"
            yield None

    def _end(self, tag: str) -> Iterator[str | None]:
        if self._left_out:
            self._depth -= tag == self._left_out
            if not self._depth or (tag == _RUBY and self._left_out in ("rt", "rp")):
                self._left_out = ""
        elif tag in _BLOCKS:
            self._is_verbatim &= tag != "pre"
            yield None
