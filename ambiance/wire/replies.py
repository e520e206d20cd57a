"""Answers of the services, from messages to the values in `ambiance.results`. Both clients read with it."""

from collections.abc import Iterable

from ambiance.artifact.v1 import artifact_service_pb2
from ambiance.errors import Violation
from ambiance.match.v1 import match_service_pb2, soundtrack_pb2
from ambiance.music.v1 import music_index_service_pb2
from ambiance.results import (
    ArtifactVersion,
    Clip,
    EmotionScore,
    EncodedText,
    Evidence,
    EvidenceReason,
    FacetWeight,
    FilterEffect,
    Index,
    Label,
    MatchResult,
    Metric,
    Neighbor,
    Notice,
    NoticeKind,
    SceneScore,
    SearchResult,
    ShortfallReason,
    Space,
    VadDifference,
    Vector,
    VersionStatus,
    WordInfluence,
)
from ambiance.text.v1 import text_service_pb2
from ambiance.type.v1 import space_pb2
from ambiance.wire.clip_replies import clip_of, facet_scores, vad_of
from ambiance.write_results import IndexCreation, WriteOutcome, WriteResult

_Found = music_index_service_pb2.FindNeighborsResponse | music_index_service_pb2.FindSimilarResponse
_Filtered = (
    match_service_pb2.MatchTextResponse
    | match_service_pb2.MatchTextsResponse
    | _Found
    | music_index_service_pb2.FindPathResponse
    | soundtrack_pb2.SoundtrackEnd
)
_Written = (
    music_index_service_pb2.UpsertClipsResponse
    | music_index_service_pb2.DeleteClipsResponse
    | music_index_service_pb2.ReportUnavailableResponse
)

_METRICS = {
    space_pb2.METRIC_SQUARED_L2: Metric.SQUARED_L2,
    space_pb2.METRIC_INNER_PRODUCT: Metric.INNER_PRODUCT,
}
_SHORTFALL_REASONS = {
    music_index_service_pb2.SHORTFALL_REASON_UNSPECIFIED: None,
    music_index_service_pb2.SHORTFALL_REASON_CATALOG_SMALLER_THAN_K: ShortfallReason.CATALOG_SMALLER_THAN_K,
    music_index_service_pb2.SHORTFALL_REASON_FILTER_TOO_NARROW: ShortfallReason.FILTER_TOO_NARROW,
    music_index_service_pb2.SHORTFALL_REASON_TOO_FEW_LISTENABLE: ShortfallReason.TOO_FEW_LISTENABLE,
    music_index_service_pb2.SHORTFALL_REASON_TOO_FEW_AVAILABLE: ShortfallReason.TOO_FEW_AVAILABLE,
    music_index_service_pb2.SHORTFALL_REASON_TOO_FAR: ShortfallReason.TOO_FAR,
    music_index_service_pb2.SHORTFALL_REASON_TOO_ALIKE: ShortfallReason.TOO_ALIKE,
}
_EVIDENCE_REASONS = {
    text_service_pb2.EVIDENCE_REASON_UNSPECIFIED: None,
    text_service_pb2.EVIDENCE_REASON_NO_WORDS: EvidenceReason.NO_WORDS,
    text_service_pb2.EVIDENCE_REASON_UNKNOWN_WORDS: EvidenceReason.UNKNOWN_WORDS,
    text_service_pb2.EVIDENCE_REASON_OTHER_LANGUAGE: EvidenceReason.OTHER_LANGUAGE,
    text_service_pb2.EVIDENCE_REASON_NOTHING_FELT: EvidenceReason.NOTHING_FELT,
}
_WRITE_OUTCOMES = {
    music_index_service_pb2.WRITE_OUTCOME_CREATED: WriteOutcome.CREATED,
    music_index_service_pb2.WRITE_OUTCOME_UPDATED: WriteOutcome.UPDATED,
    music_index_service_pb2.WRITE_OUTCOME_UNCHANGED: WriteOutcome.UNCHANGED,
    music_index_service_pb2.WRITE_OUTCOME_DELETED: WriteOutcome.DELETED,
    music_index_service_pb2.WRITE_OUTCOME_NOT_FOUND: WriteOutcome.NOT_FOUND,
    music_index_service_pb2.WRITE_OUTCOME_REFUSED: WriteOutcome.REFUSED,
}
_NOTICE_KINDS = {text_service_pb2.NOTICE_KIND_DISTRESS: NoticeKind.DISTRESS}


def encoded_texts(response: text_service_pb2.EncodeTextsResponse) -> list[EncodedText]:
    """The texts of a batch, in order."""
    model = version_of(response.model)
    return [encoded_text(text, model) for text in response.results]


def search_results(response: _Found) -> list[SearchResult]:
    """The neighbours of each query or clip, in order."""
    space, index, effect = space_of(response.space), version_of(response.index), filter_effect(response)
    return [
        SearchResult(
            neighbors_of(found.neighbors),
            shortfall(found.shortfall_reason),
            space,
            index,
            effect,
            response.left_out_clip_count,
        )
        for found in response.results
    ]


def path(response: music_index_service_pb2.FindPathResponse) -> SearchResult:
    """The clips of a path."""
    return SearchResult(
        neighbors_of(response.neighbors),
        shortfall(response.shortfall_reason),
        space_of(response.space),
        version_of(response.index),
        filter_effect(response),
        response.left_out_clip_count,
    )


def labels(response: music_index_service_pb2.ListLabelsResponse) -> list[Label]:
    """The labels that a filter may name, in order."""
    return [Label(label.name, label.clip_count, tuple(label.parents)) for label in response.labels]


def clip(response: music_index_service_pb2.GetClipResponse) -> Clip:
    """The clip that was asked for."""
    return clip_of(response.clip)


def clips(
    response: music_index_service_pb2.BatchGetClipsResponse | music_index_service_pb2.ListClipsResponse,
) -> list[Clip]:
    """The clips that were asked for, or those of a page, in order."""
    return list(map(clip_of, response.clips))


def indexes(response: music_index_service_pb2.ListIndexesResponse) -> list[Index]:
    """The indexes that are loaded, in order."""
    return list(map(_index, response.indexes))


def index_creation(response: music_index_service_pb2.CreateIndexResponse) -> IndexCreation:
    """The index that was asked for."""
    return IndexCreation(_index(response.index), response.created)


def write_results(response: _Written) -> list[WriteResult]:
    """What became of each clip, in order."""
    return [
        WriteResult(
            result.clip_id,
            _WRITE_OUTCOMES.get(result.outcome, WriteOutcome.UNKNOWN),
            tuple([Violation(violation.field, violation.description) for violation in result.violations]),
        )
        for result in response.results
    ]


def match_result(response: match_service_pb2.MatchTextResponse) -> MatchResult:
    """The match of a single text."""
    return _match_results([response.match], response)[0]


def match_results(response: match_service_pb2.MatchTextsResponse) -> list[MatchResult]:
    """The match of each text, in order."""
    return _match_results(response.matches, response)


def _match_results(
    matches: Iterable[match_service_pb2.Match],
    response: match_service_pb2.MatchTextResponse | match_service_pb2.MatchTextsResponse,
) -> list[MatchResult]:
    origin, effect = response.origin, filter_effect(response)
    space, model, index = space_of(origin.space), version_of(origin.model), version_of(origin.index)
    return [
        MatchResult(
            encoded_text(match.text, model),
            neighbors_of(match.neighbors),
            shortfall(match.shortfall_reason),
            space,
            index,
            effect,
            response.left_out_clip_count,
        )
        for match in matches
    ]


def encoded_text(text: text_service_pb2.EncodedText, model: ArtifactVersion) -> EncodedText:
    """A text as `model` read it."""
    return EncodedText(
        emotions=tuple(EmotionScore(score.emotion, score.score) for score in text.emotions),
        vad=vad_of(text.vad),
        vectors={v.space: Vector(v.space, tuple(v.values), v.lineage) for v in text.vectors},
        token_count=text.token_count,
        unknown_token_count=text.unknown_token_count,
        window_count=text.window_count,
        model=model,
        evidence=_evidence(text.evidence),
        scenes=tuple(SceneScore(score.scene, score.score) for score in text.scenes),
        facets=tuple(FacetWeight(facet.facet, facet.weight) for facet in text.facets),
        notices=tuple(map(_notice, text.notices)),
        embedding=tuple(text.embedding),
        word_influences=tuple(map(_word_influence, text.word_influences)),
    )


def _evidence(evidence: text_service_pb2.Evidence) -> Evidence:
    reason = _EVIDENCE_REASONS.get(evidence.reason, EvidenceReason.UNKNOWN)
    return Evidence(evidence.score, evidence.fallback, reason, evidence.language or None)


def _notice(notice: text_service_pb2.Notice) -> Notice:
    return Notice(_NOTICE_KINDS.get(notice.kind, NoticeKind.UNKNOWN), notice.text)


def neighbors_of(neighbors: Iterable[music_index_service_pb2.Neighbor]) -> tuple[Neighbor, ...]:
    """Clips, in order."""
    return tuple(map(neighbor_of, neighbors))


def neighbor_of(neighbor: music_index_service_pb2.Neighbor) -> Neighbor:
    """A clip and how well it fits."""
    difference = neighbor.vad_difference
    return Neighbor(
        clip=clip_of(neighbor.clip),
        distance=neighbor.distance,
        match_probability=neighbor.match_probability if neighbor.HasField("match_probability") else None,
        vad_difference=VadDifference(difference.valence, difference.arousal, difference.dominance)
        if neighbor.HasField("vad_difference")
        else None,
        why=facet_scores(neighbor.why),
    )


def _word_influence(influence: text_service_pb2.WordInfluence) -> WordInfluence:
    return WordInfluence(
        influence.word, influence.start, influence.shift, influence.emotion, influence.share_change
    )


def _index(index: music_index_service_pb2.Index) -> Index:
    return Index(
        index.name,
        version_of(index.version),
        tuple(map(space_of, index.spaces)),
        index.clip_count,
        tuple(index.notices),
        index.writable,
        index.sequence,
    )


def space_of(space: space_pb2.Space) -> Space:
    """The space of an answer."""
    return Space(space.name, space.dimension, _METRICS.get(space.metric, Metric.UNKNOWN), space.lineage)


def version_of(version: space_pb2.ArtifactVersion) -> ArtifactVersion:
    """What made an answer."""
    return ArtifactVersion(version.kind, version.version)


def versions(response: artifact_service_pb2.ListVersionsResponse) -> list[VersionStatus]:
    """The answer of ListVersions."""
    return [
        VersionStatus(version_of(each.version), each.serving, tuple(map(space_of, each.spaces)), each.trouble)
        for each in response.versions
    ]


def serving(response: artifact_service_pb2.ReloadArtifactsResponse) -> list[ArtifactVersion]:
    """The answer of ReloadArtifacts."""
    return list(map(version_of, response.serving))


def filter_effect(response: _Filtered) -> FilterEffect | None:
    """What a filter did; None if there was none."""
    if not response.HasField("filter_effect"):
        return None
    effect = response.filter_effect
    return FilterEffect(effect.clip_count, tuple(effect.unknown_clip_ids), tuple(effect.unknown_youtube_ids))


def shortfall(reason: music_index_service_pb2.ShortfallReason.ValueType) -> ShortfallReason | None:
    """Why there are fewer clips than asked for; None if there aren't."""
    return _SHORTFALL_REASONS.get(reason, ShortfallReason.UNKNOWN)
