"""Where a clip plays, and how one asks whether it still does."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from ambiance.results import Clip

YOUTUBE_OEMBED = "https://www.youtube.com/oembed"


@dataclass(frozen=True, slots=True)
class Medium:
    """A video or a file that clips play from.

    Attributes:
        name: what the journal knows it by: "youtube:<id>", or its URI.
        url: what is asked for.
        host: who is asked; each is trusted, and left alone, by itself.
        is_video: whether oEmbed is asked about it, rather than the server that holds it.
    """

    name: str
    url: str
    host: str
    is_video: bool


@dataclass(slots=True)
class Clips:
    """The clips of a medium, by whether the index holds them as available."""

    available: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)


def medium_of(clip: Clip, endpoint: str = YOUTUBE_OEMBED) -> Medium | None:
    """What a clip plays from: a video, else a URI of http or https; None if it can't be asked for."""
    if clip.youtube_id:
        watch = f"https://www.youtube.com/watch?v={clip.youtube_id}"
        url = f"{endpoint}?{urlencode({'url': watch, 'format': 'json'})}"
        return Medium(f"youtube:{clip.youtube_id}", url, _host(endpoint), is_video=True)
    uri = clip.metadata.uri
    if not uri.lower().startswith(("http://", "https://")) or not (host := _host(uri)):
        return None
    return Medium(uri, uri, host, is_video=False)


def by_medium(clips: Iterable[Clip], endpoint: str = YOUTUBE_OEMBED) -> tuple[dict[Medium, Clips], int]:
    """The clips of each medium, in the order of the first; and how many have none that can be asked for."""
    media: dict[Medium, Clips] = {}
    others = 0
    for clip in clips:
        medium = medium_of(clip, endpoint)
        if medium is None:
            others += 1
            continue
        of_medium = media.setdefault(medium, Clips())
        (of_medium.available if clip.available else of_medium.unavailable).append(clip.id)
    return media, others


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:  # brackets that hold no address of IPv6
        return ""
