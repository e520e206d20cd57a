"""One text with what each way plays to it, for people to read and for a plot."""

from collections.abc import Mapping
from typing import Any

from soundtrack.hearing import Library
from soundtrack.sentences import Measured
from soundtrack.service import Service, Wish
from soundtrack.texts import LongText
from soundtrack.ways import SENTENCES, SOUNDTRACK, WAYS, WINDOWS, Cue

_WAYS = (SOUNDTRACK, WINDOWS, SENTENCES)
_FACETS = 3  # that are shown of a clip


def shown(service: Service, story: LongText, text: Measured) -> dict[str, Any]:
    """A text's scenes and cues, with places in words from its start."""
    library = Library(tuple(service.instrumental()))
    return {
        "title": story.title,
        "scenes": [
            {
                "name": scene.name,
                "start": text.words(0, scene.start),
                "end": text.words(0, scene.end),
                "fits": sorted(scene.fits),
                "jars": sorted(scene.jars),
            }
            for scene in story.scenes
        ],
        "cues": {
            way: [_cue(cue, text, library) for cue in WAYS[way](service, text, Wish())] for way in _WAYS
        },
    }


def verdict_of(facet: str | None, scene: Mapping[str, Any]) -> str:
    """How a facet suits a scene: fits, jars or neither."""
    if facet in scene["fits"]:
        return "fits"
    return "jars" if facet in scene["jars"] else "neither"


def _cue(cue: Cue, text: Measured, library: Library) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "start": text.words(0, cue.start),
        "end": text.words(0, cue.end),
        "main": None,
        "text": " ".join(text.text[cue.start : cue.end].split()),
    }
    if cue.clip is not None:
        facts |= {
            "main": library.main_facet(cue.clip),
            "clip": cue.clip.id,
            "labels": list(cue.clip.labels),
            "facets": [f"{facet.facet} {facet.score:.0%}" for facet in cue.clip.facets[:_FACETS]],
        }
    if cue.said is not None:
        facts |= {"why": cue.said.why}
    return facts
