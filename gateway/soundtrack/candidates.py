"""Finds the clips that may play to each passage, in batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOODS
from ambiance.errors import Violation
from ambiance.limits import MAX_FILTER_IDS
from ambiance.music.v1.clip_pb2 import Clip
from ambiance.music.v1.music_index_service_pb2 import (
    SHORTFALL_REASON_UNSPECIFIED,
    FindNeighborsResponse,
    Neighbor,
    Neighbors,
    ShortfallReason,
)
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.type.v1.space_pb2 import Vector
from ambiance.validation import raise_violations, shown
from gateway.matching import set_differences, set_reasons
from gateway.soundtrack.characters import characters
from gateway.soundtrack.scenes import Scene
from gateway.soundtrack.services import Services
from gateway.soundtrack.settings import Brief

# Passages searched for at once: few first, so that the first cue comes soon. With 100 candidates each, 16
# stay well below the hits of one request.
BATCHES = (2, 2, 4, 8, 16)


@dataclass(frozen=True)
class Weighed:
    """A passage and the clips that are weighed for it, the nearest first."""

    scene: Scene
    neighbors: Sequence[Neighbor]
    ids: Sequence[str]  # of the clips
    videos: Sequence[str]  # that they are of
    distances: NDArray[np.float64]  # [clips] from the passage's mood
    facets: NDArray[np.float64]  # [clips, facets] of each, in the order of FACETS
    vads: NDArray[np.float64]  # [clips, 3] valence, arousal and dominance of each
    characters: NDArray[np.float64]  # [clips, facets] what each is above all, in shares
    fitting: Sequence[Neighbor]  # what would play but for a decision: the same clips, unless there is one
    shortfall: ShortfallReason.ValueType
    is_strict: bool  # whether no other may play, not even one that is held: a mood or a clip was asked for

    def rank_of(self, clip_id: str) -> int | None:
        """Where a clip stands among the candidates; None if it isn't one."""
        return self.ids.index(clip_id) if clip_id in self.ids else None


def video_of(clip: Clip) -> str:
    """What a clip is of: its video, its track, or itself if it says nothing of either."""
    return clip.youtube_id or clip.metadata.track_id or clip.id


class Candidates:
    """Searches for the clips of one soundtrack."""

    def __init__(self, services: Services, brief: Brief, nothing: Vector) -> None:
        """Search once with a vector, to see that all that is asked for is there.

        Raises:
            InvalidInputError: if a filter names what there isn't, or a decision a clip.
            AmbianceError: what else the index answers.
        """
        self._services, self._brief = services, brief
        self.first: FindNeighborsResponse = services.find([nothing], _copy(brief.options, k=1))
        self._require_decided(nothing)

    def search(self, scenes: Iterable[Scene]) -> Iterator[Weighed]:
        """The passages in order, searched for in batches as they are asked for."""
        scenes, batches = iter(scenes), iter(BATCHES)
        while batch := list(islice(scenes, next(batches, BATCHES[-1]))):
            for (is_decided, moods), group in groupby(batch, self._kind):
                alike = list(group)
                yield from self._decided(alike) if is_decided else self._fitting(alike, moods)

    def lookup(self, scene: Scene, clip_id: str) -> Neighbor | None:
        """A clip as it stands to a passage, whatever the filter says; None if it is gone."""
        return self._stand([scene], [clip_id])[0]

    def _kind(self, scene: Scene) -> tuple[bool, tuple[str, ...]]:
        """Whether the passage was decided of, and else the moods of which its clip must have one."""
        if scene.span.decision is not None:
            return True, ()
        if scene.span.start == 0 and self._brief.first_mood:
            return False, (self._brief.first_mood,)
        if scene.span.is_last and self._brief.last_mood:
            return False, (self._brief.last_mood,)
        return False, ()

    def _fitting(self, scenes: Sequence[Scene], moods: Sequence[str]) -> Iterator[Weighed]:
        for scene, result in zip(scenes, self._near(scenes, moods), strict=True):
            fitting = list(result.neighbors)
            yield _weighed(scene, fitting, fitting, result.shortfall_reason, is_strict=bool(moods))

    def _decided(self, scenes: Sequence[Scene]) -> Iterator[Weighed]:
        ids = [_decided_clip(scene) for scene in scenes]
        playing = [scene for scene, clip_id in zip(scenes, ids, strict=True) if clip_id]
        near = iter(self._near(playing, ()) if playing else ())
        for scene, neighbor in zip(scenes, self._stand(scenes, ids), strict=True):
            fitting = list(next(near).neighbors) if _decided_clip(scene) else []
            decided = [neighbor] if neighbor is not None else []
            yield _weighed(scene, decided, fitting, SHORTFALL_REASON_UNSPECIFIED, is_strict=True)

    def _near(self, scenes: Sequence[Scene], moods: Sequence[str]) -> Sequence[Neighbors]:
        """The clips near each passage that the request lets play, of these moods if there are any."""
        options = _copy(self._brief.options)
        if moods:
            options.filter.moods[:] = moods
        found = self._services.find([scene.query for scene in scenes], options)
        for scene, result in zip(scenes, found.results, strict=True):
            _explain(scene, result)
        return found.results

    def _stand(self, scenes: Sequence[Scene], clip_ids: Sequence[str]) -> list[Neighbor | None]:
        """How a clip stands to each passage, whatever the filter says; an empty id stands for none."""
        ids = sorted(set(filter(None, clip_ids)))
        if not ids:
            return [None] * len(scenes)
        found = self._services.find([scene.query for scene in scenes], self._only(ids, len(ids)))
        standing: list[Neighbor | None] = []
        for scene, result, clip_id in zip(scenes, found.results, clip_ids, strict=True):
            own = Neighbors(neighbors=[each for each in result.neighbors if each.clip.id == clip_id])
            _explain(scene, own)
            standing.append(own.neighbors[0] if own.neighbors else None)
        return standing

    def _only(self, clip_ids: Sequence[str], k: int) -> SearchOptions:
        """Options of a search among these clips alone, whether they are worth hearing or not."""
        options = SearchOptions(
            k=k, index=self._brief.options.index, include_unlistenable=True, include_unavailable=True
        )
        options.filter.clip_ids[:] = clip_ids
        return options

    def _require_decided(self, nothing: Vector) -> None:
        """Require that the index holds every clip that was decided for."""
        decided = {
            decision.clip_id: i
            for i, decision in reversed([*enumerate(self._brief.decisions)])
            if decision.clip_id
        }
        ids = sorted(decided)
        unknown: list[str] = []
        for at in range(0, len(ids), MAX_FILTER_IDS):
            found = self._services.find([nothing], self._only(ids[at : at + MAX_FILTER_IDS], 1))
            unknown += found.filter_effect.unknown_clip_ids
        index = self._brief.options.index or "default"
        raise_violations(
            Violation(f"decisions[{i}].clip_id", f"no such clip in index {index}: {shown(clip_id)}")
            for i, clip_id in sorted((decided[clip_id], clip_id) for clip_id in unknown)
        )


def _decided_clip(scene: Scene) -> str:
    """The clip that was decided for; empty if there is none."""
    return scene.span.decision.clip_id if scene.span.decision is not None else ""


def _copy(options: SearchOptions, k: int | None = None) -> SearchOptions:
    copied = SearchOptions()
    copied.CopyFrom(options)
    if k is not None:
        copied.k = k
    return copied


def _explain(scene: Scene, found: Neighbors) -> None:
    set_differences(scene.text, found)
    set_reasons(scene.text, found)


def _weighed(
    scene: Scene,
    neighbors: Sequence[Neighbor],
    fitting: Sequence[Neighbor],
    shortfall: ShortfallReason.ValueType,
    *,
    is_strict: bool,
) -> Weighed:
    clips = [each.clip for each in neighbors]
    facets = _scores(FACETS, [{of.facet: of.score for of in clip.facets} for clip in clips])
    moods = _scores(MOODS.names, [{of.mood: of.score for of in clip.moods} for clip in clips])
    vads = [(clip.vad.valence, clip.vad.arousal, clip.vad.dominance) for clip in clips]
    return Weighed(
        scene,
        neighbors,
        [clip.id for clip in clips],
        [video_of(clip) for clip in clips],
        np.array([each.distance for each in neighbors], np.float64),
        facets,
        np.array(vads, np.float64).reshape(len(clips), 3),
        characters(facets, moods),
        fitting,
        shortfall,
        is_strict,
    )


def _scores(names: Sequence[str], clips: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """<float64>[clips, names] what each clip has of each, 0 unless it says."""
    scores = np.array([[of.get(name, 0.0) for name in names] for of in clips], np.float64)
    return scores.reshape(len(clips), len(names))
