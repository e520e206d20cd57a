"""The gateway's composition with both services faked: who is asked what, within what time, and is blamed."""

from collections.abc import Callable, Mapping

import pytest

from ambiance.affect import FACETS
from ambiance.errors import DeadlineError, InvalidInputError, PeerError, PreconditionError, Violation
from ambiance.music.v1.music_index_service_pb2 import FindNeighborsRequest, FindNeighborsResponse, Neighbors
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.text.v1.text_service_pb2 import EncodedText, EncodeTextsRequest, EncodeTextsResponse
from ambiance.type.v1.space_pb2 import Vector
from gateway.matching import RESERVE_S, RESERVE_SHARE, TEXT_HOP_SHARE, Budget, Matched, Matcher

EVERY_OPTION = SearchOptions(
    k=7,
    index="small",
    seed=2**64 - 1,
    filter={"labels": ["Rock music"]},
    include_unlistenable=True,
    include_unavailable=True,
    max_per_artist=1,
    max_per_album=2,
    max_per_track=3,
    max_per_video=4,
    max_distance=250,
    min_separation=0.1,
)


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakeEncoder:
    """Writes each text's length in the space "vad" and its negative in the space "mood"."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.calls: list[tuple[EncodeTextsRequest, float]] = []
        self._meanwhile = meanwhile

    def encode(self, request: EncodeTextsRequest, timeout_s: float) -> EncodeTextsResponse:
        self.calls.append((request, timeout_s))
        self._meanwhile()
        return EncodeTextsResponse(results=[self._encoded(len(text)) for text in request.texts])

    @staticmethod
    def _encoded(length: int) -> EncodedText:
        vad = Vector(space="vad", values=[length], lineage="vad-1")
        mood = Vector(space="mood", values=[-length], lineage="mood-1")
        return EncodedText(vad={"valence": length, "dominance": 0.5}, vectors=[vad, mood])


class FakeFinder:
    """Finds the same result for each query, or raises."""

    def __init__(
        self,
        error: Exception | None = None,
        result_count: int | None = None,
        found: Neighbors | None = None,
    ) -> None:
        self.calls: list[tuple[FindNeighborsRequest, float]] = []
        self._error, self._result_count, self._found = error, result_count, found or Neighbors()

    def find_neighbors(self, request: FindNeighborsRequest, timeout_s: float) -> FindNeighborsResponse:
        self.calls.append((request, timeout_s))
        if self._error is not None:
            raise self._error
        count = len(request.queries) if self._result_count is None else self._result_count
        return FindNeighborsResponse(results=[self._found] * count)


def matched_with(finder: FakeFinder, space: str = "") -> Matched:
    return Matcher(FakeEncoder(), finder, "vad").match(["a", "bb"], SearchOptions(), Budget(5), space=space)


def test_a_batch_is_two_hops_and_keeps_its_order() -> None:
    encoder, finder = FakeEncoder(), FakeFinder()
    matched = Matcher(encoder, finder, "vad").match(["a", "bbb", "cc"], SearchOptions(), Budget(5))
    assert [request for request, _ in encoder.calls] == [EncodeTextsRequest(texts=["a", "bbb", "cc"])]
    [(request, _)] = finder.calls
    assert [list(query.values) for query in request.queries] == [[1], [3], [2]]
    assert len(matched.encoded.results) == len(matched.found.results) == 3


@pytest.mark.parametrize(("asked", "space", "lineage"), [("", "vad", "vad-1"), ("mood", "mood", "mood-1")])
def test_the_vector_of_the_space_travels_with_its_lineage(asked: str, space: str, lineage: str) -> None:
    finder = FakeFinder()
    matched_with(finder, asked)
    [(request, _)] = finder.calls
    assert {(query.space, query.lineage) for query in request.queries} == {(space, lineage)}


def test_options_reach_the_service_that_they_are_for() -> None:
    encoder, finder = FakeEncoder(), FakeFinder()
    matcher = Matcher(encoder, finder, "vad")
    for options, explain in ((SearchOptions(), False), (EVERY_OPTION, True)):
        matcher.match(["a"], options, Budget(5), explain=explain)
    assert [request.explain for request, _ in encoder.calls] == [False, True]
    assert [request.options for request, _ in finder.calls] == [SearchOptions(), EVERY_OPTION]


def test_every_option_is_tried() -> None:
    assert {field.name for field, _ in EVERY_OPTION.ListFields()} == set(
        SearchOptions.DESCRIPTOR.fields_by_name
    )


def test_each_neighbour_tells_how_it_differs_from_its_text() -> None:
    found = Neighbors()
    found.neighbors.add().clip.vad.arousal = 0.25
    found.neighbors.add().clip.vad.valence = 1
    differences = [
        [
            (difference.valence, difference.arousal, difference.dominance)
            for difference in (neighbor.vad_difference for neighbor in neighbors.neighbors)
        ]
        for neighbors in matched_with(FakeFinder(found=found)).found.results
    ]
    assert differences == [[(-1, 0.25, -0.5), (0, 0, -0.5)], [(-2, 0.25, -0.5), (-1, 0, -0.5)]]


def reasons(weights: Mapping[str, float], *clips: Mapping[str, float]) -> list[list[tuple[str, float]]]:
    """Why each clip was chosen for a text of these weights; every score is one that float32 holds exactly."""
    text = EncodedText(vectors=[Vector(space="vad")])
    for name in sorted(weights, key=lambda name: -weights[name]):
        text.facets.add(facet=name, weight=weights[name])
    found = Neighbors()
    for scores in clips:
        clip = found.neighbors.add().clip
        clip.traits.add(facet="vocal", score=1)
        for name in sorted(scores, key=lambda name: -scores[name]):
            clip.facets.add(facet=name, score=scores[name])

    class Encoder(FakeEncoder):
        @staticmethod
        def _encoded(length: int) -> EncodedText:
            return text

    matched = Matcher(Encoder(), FakeFinder(found=found), "vad").match(["a"], SearchOptions(), Budget(5))
    [result] = matched.found.results
    return [[(why.facet, why.score) for why in neighbor.why] for neighbor in result.neighbors]


def test_each_neighbour_tells_the_facets_that_the_text_asks_for_and_it_has() -> None:
    asked = {"calm": 1.0, "sad": 0.5, "tender": 0.25, "hopeful": 0.125, "happy": 0.0, "aggressive": -1.0}
    some = {"sad": 0.75, "calm": 0.5, "happy": 1.0, "aggressive": 1.0, "epic": 1.0}
    assert reasons(asked, some, {"tender": 0.5, "calm": 0.25}) == [
        [("calm", 0.5), ("sad", 0.75)],  # .5 and .375: the text's weight counts as much as the clip's score
        [("calm", 0.25), ("tender", 0.5)],
    ]


def test_of_many_facets_the_three_weightiest_are_told() -> None:
    asked = {"calm": 0.25, "sad": 1.0, "tender": 0.5, "hopeful": 0.75}
    assert reasons(asked, dict.fromkeys(FACETS, 0.5)) == [[("sad", 0.5), ("hopeful", 0.5), ("tender", 0.5)]]


def test_a_facet_that_a_clip_hardly_has_is_told_only_for_want_of_a_better() -> None:
    asked = {"calm": 1.0, "sad": 0.25}
    hardly, just = 0.125, 0.15
    assert reasons(
        asked,
        {"calm": hardly, "sad": 0.25},  # though calm would weigh more
        {"calm": hardly, "sad": hardly},
        {"calm": 0.0625, "sad": hardly},
        {"calm": 0.0, "sad": 0.0},
        {"happy": 1.0, "sad": 0.0625},
    ) == [
        [("sad", 0.25)],
        [("calm", hardly)],
        [("calm", 0.0625)],
        [("calm", 0.0)],
        [("sad", 0.0625)],
    ]
    [[(name, score)]] = reasons(asked, {"calm": just})
    assert (name, score) == ("calm", pytest.approx(just))
    [told] = reasons(asked, {"calm": just, "sad": just})
    assert [name for name, _ in told] == ["calm", "sad"]


@pytest.mark.parametrize(
    ("weights", "clip"),
    [({}, {"calm": 1.0}), ({"calm": -1.0, "sad": 0.0}, {"calm": 1.0}), ({"calm": 1.0}, {})],
)
def test_a_text_that_asks_for_nothing_and_a_clip_without_facets_give_no_reason(
    weights: Mapping[str, float], clip: Mapping[str, float]
) -> None:
    assert reasons(weights, clip) == [[]]


def test_a_space_that_the_text_service_does_not_write_names_those_it_does() -> None:
    finder = FakeFinder()
    with pytest.raises(InvalidInputError) as caught:
        matched_with(finder, "tempo")
    assert caught.value.violations == (Violation("space", "the text service writes vad, mood, got 'tempo'"),)
    assert not finder.calls


def test_the_index_refusing_a_space_is_told_once_of_the_callers_field() -> None:
    refusal = InvalidInputError(
        Violation(f"queries[{i}].space", "unknown space 'mood'; the index holds vad") for i in range(2)
    )
    with pytest.raises(InvalidInputError) as caught:
        matched_with(FakeFinder(refusal))
    assert caught.value.violations == (Violation("space", "unknown space 'mood'; the index holds vad"),)


@pytest.mark.parametrize("field", ["options.k", "options.filter.labels[2]"])
def test_what_the_index_refuses_in_the_options_keeps_its_path(field: str) -> None:
    refusal = InvalidInputError.of(field, "unknown: 'Rok'; the closest: 'Rock music'")
    with pytest.raises(InvalidInputError) as caught:
        matched_with(FakeFinder(refusal))
    assert caught.value.violations == refusal.violations


def test_a_vector_that_the_index_finds_malformed_is_not_the_callers_fault() -> None:
    refusal = InvalidInputError.of("queries[0].values[1]", "finite, got nan")
    with pytest.raises(PeerError, match=r"music index service: queries\[0\]\.values\[1\]: finite, got nan"):
        matched_with(FakeFinder(refusal))


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (
            "queries[0].lineage: the index default holds mood of lineage mood-2, got 'mood-1'",
            "the index default holds mood of lineage mood-2, got 'mood-1' from the text service",
        ),
        ("the index is too old for filters", "the index is too old for filters"),
    ],
)
def test_another_lineage_is_told_to_a_caller_who_knows_of_no_vector(refusal: str, told: str) -> None:
    with pytest.raises(PreconditionError) as caught:
        matched_with(FakeFinder(PreconditionError(refusal)))
    assert str(caught.value) == told


def test_fewer_results_than_texts_are_an_error_not_an_answer() -> None:
    with pytest.raises(PeerError, match="music index service: 1 results for 2 queries"):
        matched_with(FakeFinder(result_count=1))


def test_the_first_hop_gets_a_share_and_the_second_all_that_is_left() -> None:
    clock = Clock()

    def take_a_second() -> None:
        clock.now += 1.0

    encoder, finder = FakeEncoder(meanwhile=take_a_second), FakeFinder()
    Matcher(encoder, finder, "vad").match(["a"], SearchOptions(), Budget(4.0, clock))
    assert encoder.calls[0][-1] == pytest.approx(4.0 * TEXT_HOP_SHARE)
    assert finder.calls[0][-1] == pytest.approx(3.0 * (1 - RESERVE_SHARE))


def test_of_a_short_time_enough_is_kept_back_to_answer() -> None:
    finder = FakeFinder()
    Matcher(FakeEncoder(), finder, "vad").match(["a"], SearchOptions(), Budget(0.03, Clock()))
    assert finder.calls[0][-1] == pytest.approx(0.03 - RESERVE_S)


def test_no_second_hop_once_the_deadline_has_passed() -> None:
    clock = Clock()

    def take_too_long() -> None:
        clock.now += 4.0

    finder = FakeFinder()
    matcher = Matcher(FakeEncoder(meanwhile=take_too_long), finder, "vad")
    with pytest.raises(DeadlineError, match="before the music index service was asked"):
        matcher.match(["a"], SearchOptions(), Budget(4.0, clock))
    assert not finder.calls


def test_no_hop_at_all_without_time() -> None:
    encoder = FakeEncoder()
    with pytest.raises(DeadlineError, match="before the text service was asked"):
        Matcher(encoder, FakeFinder(), "vad").match(["a"], SearchOptions(), Budget(0.0, Clock()))
    assert not encoder.calls
