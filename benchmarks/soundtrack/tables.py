"""What was measured as tables, for the terminal and for the page alike."""

from collections.abc import Iterable, Mapping
from typing import Any

from soundtrack.figures import CAPTIONED_FIGURES, DESCRIBED, FIGURES, Figure
from soundtrack.results import ALL, CAPTIONED
from soundtrack.shown import verdict_of
from soundtrack.ways import SENTENCES, SOUNDTRACK, WINDOWS
from training.evaluate.tables import markdown_table

_RIVALS = (SENTENCES, WINDOWS)
_EXCERPT = 90  # characters of each end of a passage


def figure_tables(result: Mapping[str, Any]) -> str:
    """Every figure of every way: with the default seed, then over seeds."""
    ways = list(result["figures"])
    judged = [*((ALL, figure) for figure in FIGURES), *((CAPTIONED, figure) for figure in CAPTIONED_FIGURES)]
    described = [(ALL, figure) for figure in DESCRIBED]
    return "\n\n".join(
        (
            "With the default seed:",
            markdown_table(
                ("", *ways, "better than both", "texts"),
                [
                    (
                        figure.title,
                        *(f"{_of(result, way, clips, figure)['default']:.3f}" for way in ways),
                        better(result, clips, figure, "default"),
                        _texts_better(result, clips, figure),
                    )
                    for clips, figure in judged
                ]
                + [
                    (
                        figure.title,
                        *(f"{_of(result, way, clips, figure)['default']:.3f}" for way in ways),
                        "",
                        "",
                    )
                    for clips, figure in described
                ],
            ),
            "Over five other seeds, mean ± standard deviation:",
            markdown_table(
                ("", *ways, "better than both"),
                [
                    (
                        figure.title,
                        *(_spread(_of(result, way, clips, figure)) for way in ways),
                        better(result, clips, figure, "mean"),
                    )
                    for clips, figure in judged
                ],
            ),
        )
    )


def meanings() -> str:
    """What each figure means, and whether more of it is better."""
    return markdown_table(
        ("figure", "is", "better"),
        [
            (figure.title, figure.meaning, "higher" if figure.higher_is_better else "lower")
            for figure in (*FIGURES, *CAPTIONED_FIGURES)
        ],
    )


def text_table(result: Mapping[str, Any]) -> str:
    """The texts, and how the soundtrack does on each with the default seed."""
    keys = ("boundary_f1", "fit", "jar")
    of_text = result["figures"][SOUNDTRACK][ALL]
    return markdown_table(
        ("text", "kind", "words", "scenes", "boundary F1", "fit", "jar"),
        [
            (
                text["title"],
                text["source"],
                f"{text['words']:,}",
                str(text["scenes"]),
                *(f"{of_text[key]['by_text'][text['title']]:.2f}" for key in keys),
            )
            for text in result["texts"]
        ],
    )


def speed_table(speed: Mapping[str, Any]) -> str:
    """Time and memory by length of the text."""
    return markdown_table(
        ("words", "cues", "first cue", "of the core", "all cues", "of the core", "memory before", "at most"),
        [
            (
                f"{each['words']:,}",
                f"{each['cues']:,}",
                f"{1_000 * each['first_cue_s']:.0f} ms",
                f"{1_000 * each['first_cue_cpu_s']:.0f} ms",
                f"{each['seconds']:.2f} s",
                f"{each['cpu_s']:.2f} s",
                f"{each['before_mb']:.0f} MB",
                f"{each['most_mb']:.0f} MB",
            )
            for each in speed["lengths"].values()
        ],
    )


def cue_table(shown: Mapping[str, Any], cues: int) -> str:
    """The first cues of a soundtrack beside their passages."""
    return markdown_table(
        ("passage", "scene", "clip", "main facet", ""),
        [
            (
                _excerpt(cue["text"]),
                ", ".join(scene["name"] for scene in scenes),
                f"[{', '.join(_worded(cue['labels']))}](https://youtu.be/{cue['clip'].replace('@', '?t=')})",
                cue["main"],
                ", ".join(verdict_of(cue["main"], scene) for scene in scenes),
            )
            for cue in shown["cues"][SOUNDTRACK][:cues]
            if (scenes := _scenes(cue, shown["scenes"]))
        ],
    )


def better(result: Mapping[str, Any], clips: str, figure: Figure, kind: str) -> str:
    """Whether the soundtrack's figure is better than both rivals', in words; empty if one wasn't measured."""
    if not {SOUNDTRACK, *_RIVALS} <= set(result["figures"]):
        return ""
    own, *others = (_of(result, way, clips, figure)[kind] for way in (SOUNDTRACK, *_RIVALS))
    return "yes" if all(_is_better(own, other, figure) for other in others) else "**no**"


def _texts_better(result: Mapping[str, Any], clips: str, figure: Figure) -> str:
    """On how many of the texts it is."""
    if not {SOUNDTRACK, *_RIVALS} <= set(result["figures"]):
        return ""
    own, *others = (_of(result, way, clips, figure)["by_text"] for way in (SOUNDTRACK, *_RIVALS))
    wins = sum(all(_is_better(own[title], other[title], figure) for other in others) for title in own)
    return f"{wins} of {len(own)}"


def _is_better(one: float | None, other: float | None, figure: Figure) -> bool:
    """Whether one figure is better than another; not if either had nothing to count."""
    if one is None or other is None:
        return False
    return one > other if figure.higher_is_better else one < other


def _of(result: Mapping[str, Any], way: str, clips: str, figure: Figure) -> Mapping[str, Any]:
    return result["figures"][way][clips][figure.key]


def _spread(figure: Mapping[str, float]) -> str:
    return f"{figure['mean']:.3f} ± {figure['deviation']:.3f}"


def _scenes(cue: Mapping[str, Any], scenes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [scene for scene in scenes if scene["start"] < cue["end"] and cue["start"] < scene["end"]]


def _excerpt(text: str) -> str:
    return text if len(text) <= 2 * _EXCERPT else f"{text[:_EXCERPT].rstrip()} … {text[-_EXCERPT:].lstrip()}"


def _worded(labels: list[str]) -> list[str]:
    return [label for label in labels if label != "Music"] or labels
