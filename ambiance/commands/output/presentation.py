"""How the command line shows answers to people: as text of at most 100 columns."""

import re
import textwrap
from collections.abc import Iterable, Iterator

from ambiance.commands.output.languages import named
from ambiance.commands.output.style import Style
from ambiance.results import (
    Clip,
    EncodedText,
    Evidence,
    EvidenceReason,
    FacetWeight,
    FilterEffect,
    MatchResult,
    Metric,
    Neighbor,
    SceneScore,
    SearchResult,
    ShortfallReason,
    Vad,
    VadDifference,
    WordInfluence,
)

WIDTH = 100
TOP_EMOTIONS = 3
TOP_SCENES, LEAST_SCENE = 3, 0.1
TOP_FACETS = 2  # of a clip for which no reason is given
TOP_FITTING, TOP_JARRING, LEAST_WEIGHT = 3, 2, 0.2  # facets that a text asks for, or that jar with it
LEAST_VOCAL = 0.5
INDENT = " " * 6
MAX_WORD = 24  # characters of a word that are shown to people

_METRICS = {
    Metric.SQUARED_L2: "squared Euclidean distance, smaller is nearer",
    Metric.INNER_PRODUCT: "inner product, larger is nearer",
    Metric.UNKNOWN: "a metric that this client doesn't know",
}
SHORTFALLS = {
    ShortfallReason.CATALOG_SMALLER_THAN_K: "the index holds no more",
    ShortfallReason.FILTER_TOO_NARROW: "the filter lets no more through",
    ShortfallReason.TOO_FEW_LISTENABLE: "no more of the clips are worth hearing",
    ShortfallReason.TOO_FEW_AVAILABLE: "no more of the clips can be played",
    ShortfallReason.TOO_FAR: "no more lie within the distance",
    ShortfallReason.TOO_ALIKE: "the rest is too much alike, or more of one artist, album, track or video",
    ShortfallReason.UNKNOWN: "for a reason that this client doesn't know",
}
_TOO_LITTLE = {
    None: "",
    EvidenceReason.NO_WORDS: ": the text holds no words",
    EvidenceReason.UNKNOWN_WORDS: ": the model knows hardly any of the words",
    EvidenceReason.NOTHING_FELT: ": the text tells of nothing felt",
    EvidenceReason.UNKNOWN: ", for a reason that this client doesn't know",
}
_SCENE_WORDS = {"none": "nothing felt"}  # which a reader would take for a missing figure
_EDGES = re.compile(r"^\W+|\W+$")  # the punctuation around a word

# Below and above 0 along valence, arousal and dominance.
_DIRECTIONS = (
    ("less pleasant", "more pleasant"),
    ("calmer", "more excited"),
    ("less in control", "more in control"),
)
# Words for a difference along an axis, from the smallest that is mentioned: below it nobody would hear it.
_DEGREES = ((0.05, "slightly "), (0.15, ""), (0.3, "much "))


def match_for_people(result: MatchResult, style: Style) -> str:
    """Notices, what the text tells of, its clips, and the versions that made the answer."""
    return "\n".join(_match_lines(result, style))


def clips_for_people(clips: Iterable[Clip]) -> str:
    """Where each clip is to be heard, what AudioSet says of it, and its strongest facets."""
    return "\n\n".join("\n".join(_catalogue_lines(clip)) for clip in clips)


def text_for_people(text: EncodedText, style: Style) -> str:
    """Notices, what the text tells of, and the model that read it."""
    model = style.faint(f"model {text.model.kind} {text.model.version}")
    return "\n".join([*_text_lines(text, style), model])


def notice_lines(texts: Iterable[EncodedText], style: Style) -> Iterator[str]:
    """What should be shown before anything else, each notice once."""
    for notice in dict.fromkeys(notice.text for text in texts for notice in text.notices):
        yield from map(style.strong, textwrap.wrap(notice, WIDTH))
        yield ""


def answer_lines(
    result: SearchResult | MatchResult, style: Style, *, compared: bool = False
) -> Iterator[str]:
    """The clips of an answer, why there are no more, and what was left out.

    `compared` is whether each can be compared with a text, as it can't with one that gives too little.
    """
    for rank, neighbor in enumerate(result.neighbors, start=1):
        yield ""
        yield from _neighbor_lines(rank, neighbor, style, compared=compared)
    yield ""
    if result.shortfall_reason is not None:
        yield f"found {len(result.neighbors):,}: {SHORTFALLS[result.shortfall_reason]}"
    if result.filter_effect is not None:
        yield from filter_lines(result.filter_effect)
    if result.left_out_clip_count:
        yield from textwrap.wrap(left_out(result.left_out_clip_count), WIDTH)
    yield style.faint(f"space {result.space.name}: {_METRICS[result.space.metric]}")


def gist(text: EncodedText) -> str:
    """What a text tells of, in a line; why that can't be said, if so."""
    if text.evidence.fallback:
        return _too_little(text.evidence)
    return _scenes(text) or _percentages(text.emotions[:TOP_EMOTIONS])


def _match_lines(result: MatchResult, style: Style) -> Iterator[str]:
    yield from _text_lines(result.text, style)
    yield from answer_lines(result, style, compared=not result.text.evidence.fallback)
    model, index = result.text.model, result.index
    yield style.faint(f"model {model.kind} {model.version}, index {index.kind} {index.version}")


def filter_lines(effect: FilterEffect) -> Iterator[str]:
    yield f"the filter lets {effect.clip_count:,} {'clip' if effect.clip_count == 1 else 'clips'} through"
    for what, unknown in (("clips", effect.unknown_clip_ids), ("videos", effect.unknown_youtube_ids)):
        if unknown:
            yield from textwrap.wrap(f"the index holds no such {what}: {', '.join(unknown)}", WIDTH)


def left_out(count: int) -> str:
    if count == 1:
        return "left out 1 clip that is mainly speech, effects or a bad recording (--all-clips includes it)"
    what = "clips that are mainly speech, effects or bad recordings (--all-clips includes them)"
    return f"left out {count:,} {what}"


def _text_lines(text: EncodedText, style: Style) -> Iterator[str]:
    yield from notice_lines([text], style)
    if text.evidence.fallback:  # the scores say nothing of such a text
        yield from map(style.strong, textwrap.wrap(_too_little(text.evidence), WIDTH))
    else:
        yield from _emotion_lines(text, style)
    if text.unknown_token_count:
        yield f"{text.unknown_token_count:,} of {text.token_count:,} tokens unknown to the model"


def _too_little(evidence: Evidence) -> str:
    if evidence.reason is EvidenceReason.OTHER_LANGUAGE:
        language = named(evidence.language) if evidence.language else "another language"
        why = f": the text seems to be in {language}; it is read in English only"
    else:
        why = _TOO_LITTLE[evidence.reason]
    return f"too little to go by{why}. Calm music as a fallback"


def _emotion_lines(text: EncodedText, style: Style) -> Iterator[str]:
    if text.scenes:
        yield style.strong(_scenes(text))
    if music := music_asked_for(text.facets):
        yield f"as music: {music}"
    yield f"emotions: {_percentages(text.emotions[:TOP_EMOTIONS])}"
    yield coordinates(text.vad)
    if text.word_influences:
        words = ", ".join(map(_influence, text.word_influences))
        yield from textwrap.wrap(f"moved most by {words}", WIDTH, subsequent_indent=" " * 2)


def _scenes(text: EncodedText) -> str:
    likely = [scene for scene in text.scenes[:TOP_SCENES] if scene.score >= LEAST_SCENE]
    return _percentages(map(_in_words, likely or text.scenes[:1]))


def _in_words(scene: SceneScore) -> SceneScore:
    return scene._replace(scene=_SCENE_WORDS.get(scene.scene, scene.scene))


def music_asked_for(facets: tuple[FacetWeight, ...]) -> str:
    """The facets that a text asks for and those that jar most; empty if it is set on none."""
    fitting = [facet.facet for facet in facets[:TOP_FITTING] if facet.weight > LEAST_WEIGHT]
    jarring = [facet.facet for facet in facets[: -TOP_JARRING - 1 : -1] if facet.weight < -LEAST_WEIGHT]
    parts = [", ".join(fitting), f"not {', '.join(jarring)}" if jarring else ""]
    return "; ".join(filter(None, parts))


def _neighbor_lines(rank: int, neighbor: Neighbor, style: Style, *, compared: bool) -> Iterator[str]:
    """The lines of one clip."""
    clip = neighbor.clip
    yield f"{rank:>4}  {place(clip, style)}  distance {neighbor.distance:.3g}"
    yield from title_lines(clip)
    yield from label_lines(clip)
    if character := joined(_reason(neighbor), _voice(clip), _worth(clip)):
        yield INDENT + style.faint(character)
    if compared and (fit := _fit(neighbor)):
        yield INDENT + style.faint(fit)


def _catalogue_lines(clip: Clip) -> Iterator[str]:
    yield f"{place(clip, Style(colour=False))}  {clip.id}"
    yield from title_lines(clip)
    yield from label_lines(clip)
    if character := joined(_strongest(clip), _voice(clip), _worth(clip)):
        yield INDENT + character


def place(clip: Clip, style: Style) -> str:
    start, end = (f"{seconds:g}" for seconds in (clip.start_seconds, clip.end_seconds))
    known = clip.start_seconds or clip.end_seconds
    span = f"{start}–{end if clip.end_seconds else ''} s" if known else ""
    address = printable(clip.url or clip.id)
    return f"{style.strong(f'{address:<36}')}  {span:<12}" if span else style.strong(f"{address:<50}")


def title_lines(clip: Clip) -> list[str]:
    """What people know a clip by; nothing for one of which that isn't known."""
    known = clip.metadata
    work = " – ".join(filter(None, (known.artist, known.title)))
    told = joined(work, known.album, "" if clip.available else "can't be played")
    return textwrap.wrap(printable(told), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def printable(text: str) -> str:
    """A text from somebody's catalogue without what could steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def label_lines(clip: Clip) -> list[str]:
    return textwrap.wrap(", ".join(clip.labels), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


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


def _reason(neighbor: Neighbor) -> str:
    """The facets that the clip was chosen for, else its strongest."""
    return f"because: {_percentages(neighbor.why)}" if neighbor.why else _strongest(neighbor.clip)


def _strongest(clip: Clip) -> str:
    return _percentages(clip.facets[:TOP_FACETS])


def _voice(clip: Clip) -> str:
    """Whether anybody sings; empty if the index can't tell.

    Traits that are all 0 are those of a clip that was written without any: nobody listened for a voice.
    """
    scores = dict(clip.traits)
    if "vocal" not in scores or not any(scores.values()):
        return ""
    return "vocal" if scores["vocal"] >= LEAST_VOCAL else "instrumental"


def _worth(clip: Clip) -> str:
    """A remark on a clip that is shown only because unlistenable ones were asked for."""
    return "" if clip.listenable else "left out by default"


def _percentages(scores: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {score:.0%}" for name, score in scores)


def coordinates(vad: Vad) -> str:
    return f"valence {vad.valence:.2f}, arousal {vad.arousal:.2f}, dominance {vad.dominance:.2f}"
