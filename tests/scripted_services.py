"""Two scripted services for tests of soundtracks: texts are read by the words in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ambiance.affect import FACETS
from ambiance.errors import InvalidInputError, Violation
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1.clip_pb2 import Clip
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.type.v1 import space_pb2
from gateway.soundtrack.composer import Composer
from gateway.soundtrack.services import Clock
from gateway.soundtrack.settings import brief_of

SPACE = space_pb2.Space(
    name="mood", dimension=len(FACETS), metric=space_pb2.METRIC_SQUARED_L2, lineage="mood-1"
)
MODEL = space_pb2.ArtifactVersion(kind="text_encoder", version=2)
INDEX = space_pb2.ArtifactVersion(kind="music_index", version=5)

# The facet and the scene of a mood, by the word that tells of it.
MOODS: Mapping[str, tuple[str, str]] = {
    "laughed": ("happy", "joy"),
    "wept": ("sad", "grief"),
    "trembled": ("eerie", "fear"),
}


def point(**facets: float) -> list[float]:
    """The vector of so much of some facets."""
    return [facets.get(facet, 0.0) for facet in FACETS]


def sentence(word: str) -> str:
    """A sentence of ten words of one mood."""
    return f"After a while everybody in the small house quietly {word}. "


class FakeText:
    """Reads the mood that most words of a text tell of; refuses a text without a letter."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, request: Any, timeout_s: float) -> text_pb.EncodeTextsResponse:
        texts = list(request.texts)
        self.asked.append(texts)
        wordless = [i for i, text in enumerate(texts) if not any(map(str.isalpha, text)) and text != "..."]
        if wordless:
            raise InvalidInputError(Violation(f"texts[{i}]", "has no word") for i in wordless)
        return text_pb.EncodeTextsResponse(results=map(self._read, texts), model=MODEL)

    @staticmethod
    def _read(text: str) -> text_pb.EncodedText:
        told = {mood: text.count(mood) for mood in MOODS}
        word = max(told, key=lambda mood: told[mood])
        facet, scene = MOODS[word] if told[word] else ("calm", "none")
        values = point(**{facet: 1.0 if told[word] else 0.5})
        return text_pb.EncodedText(
            vectors=[space_pb2.Vector(space="mood", values=values, lineage="mood-1")],
            token_count=len(text.split()),
            window_count=1,
            facets=[{"facet": facet, "weight": max(values)}],
            scenes=[{"scene": scene, "score": 1.0}],
            evidence={"score": 1.0 if told[word] else 0.05, "fallback": not told[word]},
        )


def clip(clip_id: str, video: str = "", **facets: float) -> tuple[Clip, Sequence[float]]:
    """A clip with so much of some facets, and where it stands."""
    ranked = sorted(zip(point(**facets), FACETS, strict=True), reverse=True)
    scores = [{"facet": facet, "score": score} for score, facet in ranked]
    return Clip(id=clip_id, youtube_id=video or clip_id, facets=scores), point(**facets)


class FakeMusic:
    """Holds clips, and knows of filters those by clip id."""

    def __init__(self, clips: Sequence[tuple[Clip, Sequence[float]]]) -> None:
        self.clips = clips
        self.asked: list[music_pb.FindNeighborsRequest] = []

    def find_neighbors(self, request: Any, timeout_s: float) -> music_pb.FindNeighborsResponse:
        self.asked.append(request)
        response = music_pb.FindNeighborsResponse(space=SPACE, index=INDEX)
        wanted = set(request.options.filter.clip_ids)
        unwanted = set(request.options.filter.without_clip_ids)
        held = {each.id for each, _ in self.clips}
        passing = [
            (each, values)
            for each, values in self.clips
            if (not wanted or each.id in wanted) and each.id not in unwanted
        ]
        response.filter_effect.clip_count = len(passing)
        response.filter_effect.unknown_clip_ids.extend(sorted(wanted - held))
        for query in request.queries:
            found = sorted(
                (sum((a - b) ** 2 for a, b in zip(values, query.values, strict=True)), each.id, each)
                for each, values in passing
            )
            result = response.results.add()
            for distance, _, each in found[: request.options.k]:
                result.neighbors.add(clip=each, distance=distance)
            if len(found) < request.options.k:
                result.shortfall_reason = music_pb.SHORTFALL_REASON_FILTER_TOO_NARROW
        return response


class Call:
    """A call whose caller waits for ever, or until a test says that it has gone."""

    def __init__(self) -> None:
        self.active = True

    def is_active(self) -> bool:
        return self.active

    def time_remaining(self) -> float | None:
        return None


def compose(
    music: FakeMusic,
    text: str,
    fake_text: FakeText | None = None,
    call: Call | None = None,
    seconds: float = 60.0,
    now: Callable[[], float] = lambda: 0.0,
    **fields: Any,
) -> list[pb.ComposeSoundtrackResponse]:
    """Every part of a soundtrack."""
    request = pb.ComposeSoundtrackRequest(text=text, **fields)
    composer = Composer(fake_text or FakeText(), music, "mood")
    clock = Clock(call or Call(), seconds, now)
    return list(composer.compose(brief_of(request), request.space, clock))


def cues_of(parts: Sequence[pb.ComposeSoundtrackResponse]) -> list[pb.Cue]:
    """The cues, having checked that a start and an end stand around them."""
    assert [part.WhichOneof("part") for part in parts] == ["start", *["cue"] * (len(parts) - 2), "end"]
    return [part.cue for part in parts[1:-1]]
