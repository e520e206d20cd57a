"""A soundtrack as a page in one file: the text with its cues, and the mood along it.

It loads nothing from elsewhere and has no script; its policy forbids both. What a text, a title or a
catalogue says is escaped, and an address is a link only if it is one of the web.
"""

from collections.abc import Iterator
from html import escape
from urllib.parse import urlsplit

from ambiance.commands.output.presentation import gist
from ambiance.commands.output.soundtrack.curve import Peak, bounds, peaks, points
from ambiance.commands.output.soundtrack.whole import Soundtrack, clock
from ambiance.reading.lines import is_hard_wrapped
from ambiance.results import Clip, Neighbor
from ambiance.soundtrack_results import Cue, Transition

_WIDTH, _HEIGHT = 1000, 180  # of the drawing, in its own units
_TOP, _BOTTOM = 24, 20  # of it, that the curves leave to labels
_EDGE = 0.05  # of the width, where a label would hang over
_COLOURS = {"valence": "#1f6f8b", "arousal": "#c8553d"}
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.6 Georgia, serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
section { display: grid; grid-template-columns: minmax(0, 2fr) minmax(12rem, 1fr); gap: 0 2rem;
  border-top: 1px solid #8885; padding: 0.75rem 0; }
section:target { background: #8882; }
section p { margin: 0 0 0.75rem; overflow-wrap: anywhere; } .lines p { white-space: pre-line; }
aside, header p, svg, footer { font: 0.85rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } svg text { fill: currentColor; font-size: 13px; }
time { font-variant-numeric: tabular-nums; font-weight: 600; } .why { opacity: 0.8; }
@media (max-width: 40rem) { section { grid-template-columns: minmax(0, 1fr); } }
"""


def soundtrack_as_page(soundtrack: Soundtrack) -> str:
    """The page, to be written in UTF-8."""
    return "\n".join(_lines(soundtrack))


def _lines(soundtrack: Soundtrack) -> Iterator[str]:
    start = soundtrack.start
    title = escape(soundtrack.reading.title or "Soundtrack")
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
    yield f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header><h1>{title}</h1>"
    yield f"<p>{soundtrack.length}</p>"
    notices = dict.fromkeys(note.text for cue in soundtrack.cues for note in cue.passage.text.notices)
    yield from (f'<p role="note"><strong>{escape(notice)}</strong></p>' for notice in notices)
    yield from _curve(soundtrack)
    lines = "" if is_hard_wrapped(soundtrack.reading.text) else ' class="lines"'
    yield f"</header>\n<main{lines}>"
    for cue in soundtrack.cues:
        yield from _section(soundtrack, cue)
    model, index = start.model, start.index
    made = f"{model.kind} {model.version}, {index.kind} {index.version}"
    yield f"</main>\n<footer><p>Made with {escape(made)}.</p></footer>\n</body>\n</html>\n"


def _section(soundtrack: Soundtrack, cue: Cue) -> Iterator[str]:
    yield f'<section id="cue-{cue.number}"><div dir="auto">'
    for paragraph in soundtrack.words(cue).strip().split("\n\n"):
        yield f"<p>{escape(paragraph.strip())}</p>"
    mood = escape(gist(cue.passage.text))
    yield f"</div><aside><time>{clock(cue.start_seconds)}</time> {mood}<br>"
    if cue.clip is None:
        yield "silence"
    else:
        how = "goes on: " if cue.transition is Transition.HOLD else ""
        yield how + _link(cue.clip.clip)
    yield f'<div class="why">{escape(cue.why)}</div>'
    if cue.alternates:
        yield f"or {' or '.join(map(_alternate, cue.alternates))}"
    yield "</aside></section>"


def _alternate(neighbor: Neighbor) -> str:
    return _link(neighbor.clip)


def _link(clip: Clip) -> str:
    known = clip.metadata
    work = " – ".join(filter(None, (known.artist, known.title)))
    name = escape(work or ", ".join(clip.labels) or clip.id)
    if clip.url and _is_of_the_web(clip.url):
        return f'<a href="{escape(clip.url)}" rel="noreferrer noopener">{name}</a>'
    return f"{name} <code>{escape(clip.url or clip.id)}</code>"


def _is_of_the_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return False


def _curve(soundtrack: Soundtrack) -> Iterator[str]:
    curve = points(soundtrack)
    if not curve:
        return
    low, high = bounds(curve)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Valence and arousal along the text">'
    for axis, colour in _COLOURS.items():
        line = " ".join(f"{point.place * _WIDTH:.1f},{y(getattr(point, axis)):.1f}" for point in curve)
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>'
    for peak in peaks(curve):
        yield _peak(peak, peak.point.place * _WIDTH, y(getattr(peak.point, peak.axis)))
    for i, (axis, colour) in enumerate(_COLOURS.items()):
        yield f'<text x="{i * 80}" y="{_HEIGHT - 4}" style="fill: {colour}">{axis}</text>'
    yield from (_way_to(soundtrack, cue) for cue in soundtrack.cues)
    yield "</svg>"


def _way_to(soundtrack: Soundtrack, cue: Cue) -> str:
    """What is clicked on in the drawing to read a passage."""
    scale = _WIDTH / max(1, soundtrack.start.character_count)
    x, width = cue.passage.start * scale, (cue.passage.end - cue.passage.start) * scale
    told = escape(f"{clock(cue.start_seconds)} {gist(cue.passage.text)}")
    area = f'x="{x:.1f}" y="0" width="{width:.1f}" height="{_HEIGHT}" fill="transparent"'
    return f'<a href="#cue-{cue.number}"><rect {area}><title>{told}</title></rect></a>'


def _peak(peak: Peak, x: float, y: float) -> str:
    anchor = "start" if x < _WIDTH * _EDGE else "end" if x > _WIDTH * (1 - _EDGE) else "middle"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_COLOURS[peak.axis]}"/>'
        f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="{anchor}">{escape(peak.label)}</text>'
    )
