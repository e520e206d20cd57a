"""Answers as the clients hand them out."""

from typing import Any

import pytest

from ambiance.match.v1 import match_service_pb2
from ambiance.music.v1 import clip_filter_pb2, music_index_service_pb2
from ambiance.results import (
    ArtifactVersion,
    EmotionScore,
    EncodedText,
    Evidence,
    EvidenceReason,
    FacetScore,
    FacetWeight,
    FilterEffect,
    Index,
    Metric,
    MoodScore,
    Notice,
    NoticeKind,
    SceneScore,
    ShortfallReason,
    Space,
    Vad,
    VadDifference,
    Vector,
    WordInfluence,
)
from ambiance.text.v1 import text_service_pb2
from ambiance.type.v1 import affect_pb2, space_pb2
from ambiance.wire import replies


@pytest.fixture
def response() -> match_service_pb2.MatchTextResponse:
    response = match_service_pb2.MatchTextResponse()
    text = response.match.text
    text.CopyFrom(text_service_pb2.EncodedText(token_count=3, unknown_token_count=1, window_count=1))
    text.emotions.add(emotion="joy", score=0.75)
    text.vad.CopyFrom(affect_pb2.Vad(valence=0.75, arousal=0.5, dominance=0.25))
    text.vectors.add(space="vad", values=[0.75, 0.5, 0.25], lineage="vad-1")
    text.evidence.CopyFrom(text_service_pb2.Evidence(score=0.875))
    text.scenes.add(scene="joy", score=0.625)
    text.facets.add(facet="happy", weight=0.75)
    text.facets.add(facet="sad", weight=-1.5)
    text.notices.add(kind=text_service_pb2.NOTICE_KIND_DISTRESS, text="You are not alone.")
    text.embedding.extend([0.5, -2])
    text.word_influences.add(word="joy!", start=3, shift=0.5, emotion="joy", share_change=-0.25)
    neighbor = response.match.neighbors.add(distance=0.125, match_probability=0.75)
    neighbor.vad_difference.CopyFrom(affect_pb2.VadDifference(valence=-0.25, arousal=0.5))
    neighbor.clip.id, neighbor.clip.youtube_id = "abcdefghijk@30", "abcdefghijk"
    neighbor.clip.start_seconds, neighbor.clip.end_seconds = 30.0, 39.5
    neighbor.clip.labels.extend(["Music", "Lullaby"])
    neighbor.clip.mood_labels.append("happy")
    neighbor.clip.moods.add(mood="happy", score=1.0)
    neighbor.clip.facets.add(facet="happy", score=0.75)
    neighbor.clip.traits.add(facet="vocal", score=0.25)
    neighbor.clip.listenable = True
    neighbor.why.add(facet="happy", score=0.75)
    response.left_out_clip_count = 9
    origin = response.origin
    origin.space.CopyFrom(
        space_pb2.Space(name="vad", dimension=3, metric=space_pb2.METRIC_SQUARED_L2, lineage="vad-1")
    )
    origin.model.CopyFrom(space_pb2.ArtifactVersion(kind="text_encoder", version=2))
    origin.index.CopyFrom(space_pb2.ArtifactVersion(kind="music_index", version=5))
    return response


def test_every_field_of_a_match(response: match_service_pb2.MatchTextResponse) -> None:
    result = replies.match_result(response)
    assert result.text.emotions == (EmotionScore("joy", 0.75),)
    assert result.text.vad == Vad(valence=0.75, arousal=0.5, dominance=0.25)
    assert result.text.vectors == {"vad": Vector("vad", (0.75, 0.5, 0.25), "vad-1")}
    assert result.text.evidence == Evidence(0.875, fallback=False, reason=None, language=None)
    assert result.text.scenes == (SceneScore("joy", 0.625),)
    assert result.text.facets == (FacetWeight("happy", 0.75), FacetWeight("sad", -1.5))
    assert result.text.notices == (Notice(NoticeKind.DISTRESS, "You are not alone."),)
    assert result.text.embedding == (0.5, -2)
    assert result.text.word_influences == (WordInfluence("joy!", 3, 0.5, "joy", -0.25),)
    assert (result.text.token_count, result.text.unknown_token_count, result.text.window_count) == (3, 1, 1)
    assert result.text.model == ArtifactVersion("text_encoder", 2)
    assert result.index == ArtifactVersion("music_index", 5)
    assert result.space == Space("vad", 3, Metric.SQUARED_L2, "vad-1")
    assert result.shortfall_reason is None
    [neighbor] = result.neighbors
    assert (neighbor.distance, neighbor.match_probability) == (0.125, 0.75)
    assert neighbor.vad_difference == VadDifference(valence=-0.25, arousal=0.5, dominance=0)
    clip = neighbor.clip
    assert (clip.id, clip.youtube_id) == ("abcdefghijk@30", "abcdefghijk")
    assert (clip.start_seconds, clip.end_seconds) == (30.0, 39.5)
    assert (clip.labels, clip.mood_labels) == (("Music", "Lullaby"), ("happy",))
    assert clip.moods == (MoodScore("happy", 1.0),)
    assert clip.facets == neighbor.why == (FacetScore("happy", 0.75),)
    assert (clip.traits, clip.listenable) == ((FacetScore("vocal", 0.25),), True)
    assert result.left_out_clip_count == 9
    assert clip.url == "https://youtu.be/abcdefghijk?t=30"


def test_what_is_not_known_of_a_neighbour_is_none_not_zero() -> None:
    found = music_index_service_pb2.Neighbors(neighbors=[{"distance": 0.5}])
    [result] = replies.search_results(music_index_service_pb2.FindNeighborsResponse(results=[found]))
    assert (result.neighbors[0].match_probability, result.neighbors[0].vad_difference) == (None, None)


def test_what_a_filter_did_is_told_of_every_answer_and_only_if_there_was_one(
    response: match_service_pb2.MatchTextResponse,
) -> None:
    assert replies.match_result(response).filter_effect is None
    effect = clip_filter_pb2.FilterEffect(
        clip_count=7, unknown_clip_ids=["a@1", "b@2"], unknown_youtube_ids=["c"]
    )
    response.filter_effect.CopyFrom(effect)
    batch = match_service_pb2.MatchTextsResponse(matches=[{}, {}], filter_effect=effect)
    found = music_index_service_pb2.FindNeighborsResponse(results=[{}, {}], filter_effect=effect)
    answers = [replies.match_result(response), *replies.match_results(batch), *replies.search_results(found)]
    assert [answer.filter_effect for answer in answers] == [FilterEffect(7, ("a@1", "b@2"), ("c",))] * 5


def test_clips_that_were_left_out_are_counted_in_every_answer() -> None:
    batch = match_service_pb2.MatchTextsResponse(matches=[{}, {}], left_out_clip_count=7)
    found = music_index_service_pb2.FindNeighborsResponse(results=[{}, {}], left_out_clip_count=7)
    answers = [*replies.match_results(batch), *replies.search_results(found)]
    assert [answer.left_out_clip_count for answer in answers] == [7] * 4


def test_a_fallback_tells_why_and_in_which_language() -> None:
    evidence = text_service_pb2.Evidence(
        fallback=True, reason=text_service_pb2.EVIDENCE_REASON_OTHER_LANGUAGE, language="de"
    )
    response = text_service_pb2.EncodeTextsResponse(results=[{"evidence": evidence}])
    [text] = replies.encoded_texts(response)
    assert text.evidence == Evidence(0, True, EvidenceReason.OTHER_LANGUAGE, "de")
    assert text.notices == ()


def test_what_only_a_newer_service_knows_is_unknown_not_an_error(
    response: match_service_pb2.MatchTextResponse,
) -> None:
    response.match.shortfall_reason = 99  # type: ignore[assignment]
    response.origin.space.metric = 99  # type: ignore[assignment]
    response.match.text.evidence.reason = 99  # type: ignore[assignment]
    response.match.text.notices[0].kind = 99  # type: ignore[assignment]
    result = replies.match_result(response)
    assert result.shortfall_reason is ShortfallReason.UNKNOWN
    assert result.space.metric is Metric.UNKNOWN
    assert result.text.evidence.reason is EvidenceReason.UNKNOWN
    assert result.text.notices == (Notice(NoticeKind.UNKNOWN, "You are not alone."),)


def test_every_metric_and_reason_of_the_contract_has_a_name() -> None:
    for metric in space_pb2.Metric.values():
        space = space_pb2.Space(metric=metric)
        parsed = replies.search_results(
            music_index_service_pb2.FindNeighborsResponse(space=space, results=[{}])
        )[0].space.metric
        assert (parsed is Metric.UNKNOWN) == (metric == space_pb2.METRIC_UNSPECIFIED)
    for reason in music_index_service_pb2.ShortfallReason.values():
        found = music_index_service_pb2.Neighbors(shortfall_reason=reason)
        [result] = replies.search_results(music_index_service_pb2.FindNeighborsResponse(results=[found]))
        assert result.shortfall_reason is not ShortfallReason.UNKNOWN
    for why in text_service_pb2.EvidenceReason.values():
        assert encoded({"evidence": {"reason": why}}).evidence.reason is not EvidenceReason.UNKNOWN
    for kind in text_service_pb2.NoticeKind.values():
        [notice] = encoded({"notices": [{"kind": kind}]}).notices
        unset = kind == text_service_pb2.NOTICE_KIND_UNSPECIFIED
        assert (notice.kind is NoticeKind.UNKNOWN) == unset


def encoded(fields: dict[str, Any]) -> EncodedText:
    [text] = replies.encoded_texts(text_service_pb2.EncodeTextsResponse(results=[fields]))
    return text


def test_every_field_of_an_index() -> None:
    space = space_pb2.Space(name="vad", dimension=3, metric=space_pb2.METRIC_SQUARED_L2, lineage="vad-1")
    version = space_pb2.ArtifactVersion(kind="music_index", version=5)
    index = music_index_service_pb2.Index(
        name="default", version=version, spaces=[space], clip_count=9, notices=["CC BY 4.0"]
    )
    [told] = replies.indexes(music_index_service_pb2.ListIndexesResponse(indexes=[index]))
    spaces = (Space("vad", 3, Metric.SQUARED_L2, "vad-1"),)
    assert told == Index("default", ArtifactVersion("music_index", 5), spaces, 9, ("CC BY 4.0",))
