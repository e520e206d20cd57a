"""How the command line shows answers to people: as text of at most 100 columns."""

import re
import textwrap
from collections.abc import Iterator

from ambiance.results import (
    Clip,
    EncodedText,
    FilterEffect,
    MatchResult,
    Metric,
    Neighbor,
    Score,
    ShortfallReason,
    Vad,
    VadDifference,
    WordInfluence,
)

WIDTH = 100
TOP_EMOTIONS = 3
TOP_MOODS = 2
MAX_WORD = 24  # characters of a word that are shown to people

_METRICS = {
    Metric.SQUARED_L2: "squared Euclidean distance, smaller is nearer",
    Metric.INNER_PRODUCT: "inner product, larger is nearer",
    Metric.UNKNOWN: "a metric that this client doesn't know",
}
_SHORTFALLS = {
    ShortfallReason.CATALOG_SMALLER_THAN_K: "the index holds no more",
    ShortfallReason.FILTER_TOO_NARROW: "the filter lets no more through",
    ShortfallReason.UNKNOWN: "for a reason that this client doesn't know",
}
_EDGES = re.compile(r"^\W+|\W+$")  # the punctuation around a word

# Below and above 0 along valence, arousal and dominance.
_DIRECTIONS = (
    ("less pleasant", "more pleasant"),
    ("calmer", "more excited"),
    ("less in control", "more in control"),
)
# How a difference along an axis is told, from the smallest that is: below it nobody would hear it.
_DEGREES = ((0.05, "slightly "), (0.15, ""), (0.3, "much "))


class Style:
    """Emphasis on a terminal that shows it; plain text elsewhere."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def strong(self, text: str) -> str:
        """Bold."""
        return self._wrapped("1", text)

    def faint(self, text: str) -> str:
        """Dimmed."""
        return self._wrapped("2", text)

    def _wrapped(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def match_for_people(result: MatchResult, style: Style) -> str:
    """The text's emotion, its clips, and what made the answer."""
    return "\n".join(_match_lines(result, style))


def text_for_people(text: EncodedText, style: Style) -> str:
    """The text's emotion, and the model that read it."""
    model = style.faint(f"model {text.model.kind} {text.model.version}")
    return "\n".join([*_text_lines(text, style), model])


def _match_lines(result: MatchResult, style: Style) -> Iterator[str]:
    yield from _text_lines(result.text, style)
    for rank, neighbor in enumerate(result.neighbors, start=1):
        yield ""
        yield from _neighbor_lines(rank, neighbor, style)
    yield ""
    if result.shortfall_reason is not None:
        yield f"found {len(result.neighbors):,}: {_SHORTFALLS[result.shortfall_reason]}"
    if result.filter_effect is not None:
        yield from _filter_lines(result.filter_effect)
    yield style.faint(f"space {result.space.name}: {_METRICS[result.space.metric]}")
    model, index = result.text.model, result.index
    yield style.faint(f"model {model.kind} {model.version}, index {index.kind} {index.version}")


def _filter_lines(effect: FilterEffect) -> Iterator[str]:
    yield f"the filter lets {effect.clip_count:,} {'clip' if effect.clip_count == 1 else 'clips'} through"
    for what, unknown in (("clips", effect.unknown_clip_ids), ("videos", effect.unknown_youtube_ids)):
        if unknown:
            yield from textwrap.wrap(f"the index holds no such {what}: {', '.join(unknown)}", WIDTH)


def _text_lines(text: EncodedText, style: Style) -> Iterator[str]:
    yield style.strong(_shares(text.emotions[:TOP_EMOTIONS]))
    if text.moods:
        yield f"as music: {_shares(text.moods[:TOP_MOODS])}"
    yield _coordinates(text.vad)
    if text.word_influences:
        words = ", ".join(map(_influence, text.word_influences))
        yield from textwrap.wrap(f"moved most by {words}", WIDTH, subsequent_indent=" " * 2)
    if text.unknown_token_count:
        yield f"{text.unknown_token_count:,} of {text.token_count:,} tokens unknown to the model"


def _neighbor_lines(rank: int, neighbor: Neighbor, style: Style) -> Iterator[str]:
    clip = neighbor.clip
    span = f"{clip.start_seconds:g}–{clip.end_seconds:g} s"
    yield f"{rank:>4}  {style.strong(f'{clip.url:<36}')}  {span:<12}  distance {neighbor.distance:.3g}"
    yield from textwrap.wrap(", ".join(clip.labels), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    yield " " * 6 + style.faint(_moods(clip))
    if fit := _fit(neighbor):
        yield " " * 6 + style.faint(fit)


def _influence(influence: WordInfluence) -> str:
    word = _EDGES.sub("", influence.word) or influence.word
    word = word if len(word) <= MAX_WORD else f"{word[: MAX_WORD - 1]}…"
    return f"{word} ({influence.emotion} {influence.share_change:+.0%})"


def _fit(neighbor: Neighbor) -> str:
    """How likely the clip is a match, and how it differs from the text; empty if nothing is known."""
    parts = []
    if neighbor.match_probability is not None:
        parts.append(f"match {neighbor.match_probability:.0%}")
    if neighbor.vad_difference is not None:
        parts.append(_difference(neighbor.vad_difference))
    return ": ".join(parts)


def _difference(difference: VadDifference) -> str:
    told = []
    for value, (less, more) in zip(difference, _DIRECTIONS, strict=True):
        degrees = [word for least, word in _DEGREES if abs(value) >= least]
        if degrees:
            told.append(degrees[-1] + (more if value > 0 else less))
    return ", ".join(told) or "as pleasant, excited and in control as the text"


def _moods(clip: Clip) -> str:
    """The strongest moods, and those that annotators gave the clip wherever they rank."""
    annotated = set(clip.mood_labels)
    chosen = [mood for rank, mood in enumerate(clip.moods) if rank < TOP_MOODS or mood.label in annotated]
    return ", ".join(
        f"{_shares([mood])} (annotated)" if mood.label in annotated else _shares([mood]) for mood in chosen
    )


def _shares(scores: "tuple[Score, ...] | list[Score]") -> str:
    return ", ".join(f"{score.label} {score.share:.0%}" for score in scores)


def _coordinates(vad: Vad) -> str:
    return f"valence {vad.valence:.2f}, arousal {vad.arousal:.2f}, dominance {vad.dominance:.2f}"
