"""Clips in the answers of the services, from messages to the values in `ambiance.results`."""

from collections.abc import Iterable

from ambiance.music.v1 import clip_pb2
from ambiance.results import AttributeValue, Clip, ClipMetadata, FacetScore, MoodScore, Vad
from ambiance.type.v1 import affect_pb2


def clip_of(clip: clip_pb2.Clip) -> Clip:
    """A clip."""
    return Clip(
        id=clip.id,
        youtube_id=clip.youtube_id,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        labels=tuple(clip.labels),
        mood_labels=tuple(clip.mood_labels),
        moods=tuple(MoodScore(score.mood, score.score) for score in clip.moods),
        vad=vad_of(clip.vad),
        facets=facet_scores(clip.facets),
        traits=facet_scores(clip.traits),
        listenable=clip.listenable,
        available=clip.available,
        metadata=_metadata(clip.metadata) if clip.HasField("metadata") else ClipMetadata(),
    )


def _metadata(metadata: clip_pb2.ClipMetadata) -> ClipMetadata:
    return ClipMetadata(
        title=metadata.title,
        artist=metadata.artist,
        album=metadata.album,
        track_id=metadata.track_id,
        uri=metadata.uri,
        thumbnail_uri=metadata.thumbnail_uri,
        duration_seconds=metadata.duration_seconds,
        attributes={name: _attribute(value) for name, value in sorted(metadata.attributes.items())},
    )


def _attribute(value: clip_pb2.AttributeValue) -> AttributeValue:
    held: AttributeValue = getattr(value, value.WhichOneof("value") or "text")
    return held


def facet_scores(scores: Iterable[affect_pb2.FacetScore]) -> tuple[FacetScore, ...]:
    """Scores in their order."""
    return tuple(FacetScore(score.facet, score.score) for score in scores)


def vad_of(vad: affect_pb2.Vad) -> Vad:
    """A point of emotion."""
    return Vad(vad.valence, vad.arousal, vad.dominance)
