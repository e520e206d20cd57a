"""Requests that both clients build: what is refused before any call, and what goes out."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from ambiance import AttributeCondition, Client, ClipFilter, aio
from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.arguments import require_deadline
from ambiance.attribute_conditions import read_condition
from ambiance.errors import InvalidInputError, NotFoundError, OverloadedError, Violation
from ambiance.limits import (
    MAX_CLIP_ID_CHARACTERS,
    MAX_CONDITION_VALUES,
    MAX_CONDITIONS,
    MAX_FILTER_BYTES,
    MAX_FILTER_IDS,
    MAX_FILTER_LABELS,
    MAX_LABEL_CHARACTERS,
    MAX_METADATA_CHARACTERS,
    MAX_MUSIC_REQUEST_BYTES,
    MAX_QUERIES,
    MAX_REQUEST_BYTES,
    MAX_TEXT_CHARACTERS,
    MAX_TEXTS,
)
from ambiance.match.v1.match_service_pb2 import MatchTextRequest
from ambiance.music.v1.music_index_service_pb2 import (
    FindNeighborsRequest,
    FindPathRequest,
    FindSimilarRequest,
)
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.results import Vector
from ambiance.search_arguments import SearchArguments
from ambiance.type.v1 import space_pb2
from ambiance.wire import calls
from ambiance.wire.search_messages import search_options

QUERIES = [Vector("vad", [0.1])]
NOBODY = "127.0.0.1:1"
SURROGATE = "lone surrogate U+D800 at character 2; it has no UTF-8 encoding"


def options(**changed: Any) -> SearchOptions:
    """The options of a search whose caller gave these arguments."""
    return search_options(**{"k": 10} | changed)


def match(text: str = "joy", *, space: str = "", explain: bool = False, **changed: Any) -> Any:
    """The request of a match with these arguments."""
    return calls.match_text(text, options(**changed), space=space, explain=explain).request


def violation(error: "pytest.ExceptionInfo[InvalidInputError]") -> Violation:
    [only] = error.value.violations
    return only


@pytest.mark.parametrize(
    ("field", "values"),
    [("text", ("ab\ud800", "", "")), ("index", ("a", "ab\ud800", "")), ("space", ("a", "", "ab\ud800"))],
)
def test_a_lone_surrogate_names_its_field_and_place(field: str, values: tuple[str, str, str]) -> None:
    text, index, space = values
    with pytest.raises(InvalidInputError) as caught:
        match(text, index=index, space=space)
    assert violation(caught) == Violation(field, SURROGATE)


@pytest.mark.parametrize(
    "build",
    [
        lambda texts: calls.encode_texts(texts, explain=False),
        lambda texts: calls.match_texts(texts, options(), space="", explain=False),
    ],
)
def test_in_a_batch_the_offending_text_is_named(build: Callable[[list[str]], object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build(["fine", "ab\ud800"])
    assert violation(caught) == Violation("texts[1]", SURROGATE)


def test_a_lone_surrogate_in_a_query_names_the_query() -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.find_neighbors([*QUERIES, Vector("ab\ud800", [0.1])], options())
    assert violation(caught) == Violation("queries[1].space", SURROGATE)


def test_a_single_text_is_not_taken_for_a_batch_of_characters() -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.encode_texts("joy", explain=False)
    assert violation(caught) == Violation("texts", "a list of texts, got a single text")


@pytest.mark.parametrize("k", [2**31, -(2**31) - 1])
def test_a_k_that_the_message_has_no_room_for(k: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options(k=k)
    assert violation(caught) == Violation("k", f"1 to 1,000, got {k:,}")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_the_message_has_no_room_for(seed: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options(seed=seed)
    assert violation(caught) == Violation("seed", f"0 to 18,446,744,073,709,551,615, got {seed:,}")


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        (ClipFilter(labels=["Jazz", "ab\ud800"]), "filter.labels[1]"),
        (ClipFilter(min_mood_scores={"sad": 0.5, "ab\ud800": 0.5}), "filter.min_mood_scores['ab\\ud800']"),
        (ClipFilter(max_facet_scores={"ab\ud800": 0.5}), "filter.max_facet_scores['ab\\ud800']"),
    ],
)
def test_a_lone_surrogate_in_a_filter_names_its_field(conditions: ClipFilter, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options(filter=conditions)
    assert violation(caught) == Violation(field, SURROGATE)


def test_a_single_label_is_not_taken_for_a_list_of_characters() -> None:
    with pytest.raises(InvalidInputError) as caught:
        options(filter=ClipFilter(labels="Jazz"))
    assert violation(caught) == Violation("filter.labels", "a list of texts, got a single text")


def test_what_comes_from_an_iterator_is_read_once_and_goes_out_whole() -> None:
    conditions = ClipFilter(moods=(mood for mood in ["sad"]), without_labels=map(str, ["Music"]))  # type: ignore[arg-type]
    sent = options(filter=conditions).filter
    assert (list(sent.moods), list(sent.without_labels)) == (["sad"], ["Music"])
    batch: Any = calls.match_texts(iter(["joy", "grief"]), options(), space="", explain=False).request
    encoded: Any = calls.encode_texts(iter(["joy", "grief"]), explain=False).request
    assert list(batch.texts) == list(encoded.texts) == ["joy", "grief"]
    found: Any = calls.find_neighbors(iter([Vector("vad", [0.5], "vad-1")]), options()).request
    assert [query.lineage for query in found.queries] == ["vad-1"]


@pytest.mark.parametrize(
    ("conditions", "offence"),
    [
        (ClipFilter(labels=None), Violation("filter.labels", "a list of texts, got NoneType")),
        (ClipFilter(labels=["Jazz", 3]), Violation("filter.labels[1]", "a text, got int")),
        (ClipFilter(labels={"Jazz": 1}), Violation("filter.labels", "a list of texts, got dict")),
        (
            ClipFilter(min_mood_scores={"sad": "x"}),
            Violation("filter.min_mood_scores['sad']", "a number, got str"),
        ),
        (ClipFilter(min_mood_scores={3: 0.5}), Violation("filter.min_mood_scores[3]", "a text, got int")),
        (
            ClipFilter(min_mood_scores=["sad"]),
            Violation("filter.min_mood_scores", "a mapping of names to numbers, got list"),
        ),
        (
            ClipFilter(min_facet_scores="calm"),
            Violation("filter.min_facet_scores", "a mapping of names to numbers, got str"),
        ),
        (
            ClipFilter(max_facet_scores={"vocal": True}),
            Violation("filter.max_facet_scores['vocal']", "a number, got bool"),
        ),
        (
            ClipFilter(max_facet_scores={"vocal": None}),
            Violation("filter.max_facet_scores['vocal']", "a number, got NoneType"),
        ),
        (
            ClipFilter(attributes=AttributeCondition("artist", ["x"])),
            Violation("filter.attributes", "a list of conditions, got a single condition"),
        ),
        (
            ClipFilter(attributes=[{"artist": "x"}]),
            Violation("filter.attributes[0]", "an AttributeCondition, got dict"),
        ),
        (
            ClipFilter(attributes=[AttributeCondition(3)]),
            Violation("filter.attributes[0].name", "a text, got int"),
        ),
        (
            ClipFilter(attributes=[AttributeCondition("artist", "x")]),
            Violation("filter.attributes[0].values", "a list of values, got str"),
        ),
        (
            ClipFilter(attributes=[AttributeCondition("artist", ["x", None])]),
            Violation("filter.attributes[0].values[1]", "a text, a number or a truth value, got NoneType"),
        ),
        (
            ClipFilter(attributes=[AttributeCondition("year", least="1960")]),
            Violation("filter.attributes[0].least", "a number, got str"),
        ),
        ({"labels": ["Jazz"]}, Violation("filter", "a ClipFilter, got dict")),
    ],
)
def test_a_filter_of_other_types_is_named_by_its_field(conditions: Any, offence: Violation) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options(filter=conditions)
    assert violation(caught) == offence


JOY = (
    ("match", "joy"),
    ("match_batch", ["joy"]),
    ("search", [Vector("vad", [0.1])]),
    ("find_similar", ["abcdefghijk@30"]),
)
ENCODE = ("encode", ["joy"])


@pytest.fixture(params=["sync", "asyncio"])
def refused(request: pytest.FixtureRequest) -> Callable[..., Violation]:
    """What either client refuses of a call before anything is sent: nobody listens there."""

    def refuse(method: str, *arguments: Any, **options: Any) -> Violation:
        make, carry_out = (Client, lambda _: None) if request.param == "sync" else (aio.Client, asyncio.run)
        call = getattr(make(NOBODY, text_target=NOBODY, music_target=NOBODY), method)
        with pytest.raises(InvalidInputError) as caught:
            carry_out(call(*arguments, **options))
        return violation(caught)

    return refuse


@pytest.mark.parametrize(
    ("field", "value", "offence"),
    [
        ("k", "3", "an integer, got str"),
        ("k", True, "an integer, got bool"),
        ("k", 3.0, "an integer, got float"),
        ("k", np.float32(3), "an integer, got float32"),
        ("k", None, "an integer, got NoneType"),
        pytest.param("k", 10**5_000, "1 to 1,000, got one of 16,610 bits", id="k-huge"),
        ("seed", "7", "an integer, got str"),
        ("seed", False, "an integer, got bool"),
        ("index", None, "a text, got NoneType"),
        ("index", b"small", "a text, got bytes"),
        ("filter", "Jazz", "a ClipFilter, got str"),
        ("include_unlistenable", "no", "True or False, got str"),
        ("include_unlistenable", 1, "True or False, got int"),
        ("include_unavailable", 0, "True or False, got int"),
        ("max_per_artist", "2", "an integer, got str"),
        ("max_per_album", 1.0, "an integer, got float"),
        ("max_per_track", 2**31, "at least 1, or 0 for any number, got 2,147,483,648"),
        ("max_per_video", True, "an integer, got bool"),
        ("max_distance", "far", "a number, got str"),
        ("min_separation", None, "a number, got NoneType"),
        ("deadline_s", "3", "a number, got str"),
        ("deadline_s", True, "a number, got bool"),
        pytest.param(
            "deadline_s", 10**400, "a number that a float can hold, got a larger one", id="deadline-huge"
        ),
    ],
)
@pytest.mark.parametrize("call", JOY, ids=lambda call: call[0])
def test_an_argument_of_another_type_is_named(
    refused: Callable[..., Violation], call: tuple[str, Any], field: str, value: Any, offence: str
) -> None:
    assert refused(*call, **{field: value}) == Violation(field, offence)


@pytest.mark.parametrize("call", [*JOY[:2], ENCODE], ids=lambda call: call[0])
def test_explain_is_true_or_false(refused: Callable[..., Violation], call: tuple[str, Any]) -> None:
    assert refused(*call, explain="yes") == Violation("explain", "True or False, got str")


@pytest.mark.parametrize("call", JOY[:2], ids=lambda call: call[0])
def test_a_space_is_a_text(refused: Callable[..., Violation], call: tuple[str, Any]) -> None:
    assert refused(*call, space=3) == Violation("space", "a text, got int")


@pytest.mark.parametrize(
    ("method", "argument", "offence"),
    [
        ("match", None, Violation("text", "a text, got NoneType")),
        ("match", ["joy"], Violation("text", "a text, got list")),
        ("match_batch", b"joy", Violation("texts", "a list of texts, got bytes")),
        ("match_batch", 3, Violation("texts", "a list of texts, got int")),
        ("encode", None, Violation("texts", "a list of texts, got NoneType")),
        ("encode", ["joy", 3], Violation("texts[1]", "a text, got int")),
        ("search", None, Violation("queries", "a list of vectors, got NoneType")),
        ("search", Vector("vad", [0.1]), Violation("queries", "a list of vectors, got a single vector")),
        ("search", {"vad": Vector("vad", [0.1])}, Violation("queries", "a list of vectors, got dict")),
        ("search", np.zeros((1, 3)), Violation("queries[0]", "a Vector, got ndarray")),
        ("search", [Vector(None, [0.1])], Violation("queries[0].space", "a text, got NoneType")),
        ("search", [Vector("vad", None)], Violation("queries[0].values", "a list of numbers, got NoneType")),
        ("search", [Vector("vad", "0.1")], Violation("queries[0].values", "a list of numbers, got str")),
        ("search", [Vector("vad", [0.1, "x"])], Violation("queries[0].values[1]", "a number, got str")),
        ("search", [Vector("vad", [True])], Violation("queries[0].values[0]", "a number, got bool")),
        ("search", [Vector("vad", [0.1], 3)], Violation("queries[0].lineage", "a text, got int")),
        ("find_similar", "a@1", Violation("clip_ids", "a list of texts, got a single text")),
        ("find_similar", ["a@1", 3], Violation("clip_ids[1]", "a text, got int")),
        ("get_clip", None, Violation("clip_id", "a text, got NoneType")),
        ("get_clip", ["a@1"], Violation("clip_id", "a text, got list")),
        ("get_clips", "a@1", Violation("clip_ids", "a list of texts, got a single text")),
        ("get_clips", ["a@1", 3], Violation("clip_ids[1]", "a text, got int")),
    ],
)
def test_what_is_asked_for_has_its_type(
    refused: Callable[..., Violation], method: str, argument: Any, offence: Violation
) -> None:
    assert refused(method, argument) == offence


HERE, THERE = Vector("vad", [0.1]), Vector("vad", [0.9])


@pytest.mark.parametrize(
    ("ends", "options", "offence"),
    [
        ((None, THERE), {}, Violation("start", "a Vector, got NoneType")),
        ((HERE, [0.9]), {}, Violation("end", "a Vector, got list")),
        ((HERE, Vector("vad", [0.1, "x"])), {}, Violation("end.values[1]", "a number, got str")),
        ((HERE, THERE, 3.0), {}, Violation("steps", "an integer, got float")),
        ((HERE, THERE, 2**31), {}, Violation("steps", "2 to 100, got 2,147,483,648")),
        ((HERE, THERE), {"max_distance": "far"}, Violation("max_distance", "a number, got str")),
    ],
)
def test_what_a_path_is_asked_for_has_its_type(
    refused: Callable[..., Violation], ends: tuple[Any, ...], options: dict[str, Any], offence: Violation
) -> None:
    assert refused("find_path", *ends, **options) == offence


@pytest.mark.parametrize("call", JOY, ids=lambda call: call[0])
@pytest.mark.parametrize("client", [Client, aio.Client])
def test_an_option_that_there_is_not_is_no_argument(client: Any, call: tuple[str, Any]) -> None:
    method, argument = call
    with pytest.raises(TypeError, match="no option of a search is called max_per_singer"):
        asyncio.run(_called(getattr(client(NOBODY, music_target=NOBODY), method), argument))


async def _called(method: Callable[..., Any], argument: Any) -> None:
    answer = method(argument, max_per_singer=1)
    if asyncio.iscoroutine(answer):
        await answer


@pytest.mark.parametrize(
    ("call", "field", "value", "offence"),
    [
        (("get_clip", "a@1"), "index", 3, "a text, got int"),
        (("get_clips", ["a@1"]), "index", None, "a text, got NoneType"),
        (("list_clips",), "index", b"small", "a text, got bytes"),
        (("list_clips",), "page_size", "2", "an integer, got str"),
        (("list_clips",), "page_size", 2**31, "1 to 1,000, got 2,147,483,648"),
        (("list_clips",), "deadline_s", "3", "a number, got str"),
        (("list_indexes",), "deadline_s", True, "a number, got bool"),
    ],
)
def test_an_argument_of_a_lookup_is_named_before_anything_is_sent(
    refused: Callable[..., Violation], call: tuple[Any, ...], field: str, value: Any, offence: str
) -> None:
    assert refused(*call, **{field: value}) == Violation(field, offence)


@pytest.mark.parametrize("client", [Client, aio.Client])
@pytest.mark.parametrize("deadline_s", [None, "5"])
def test_the_deadline_of_a_client_is_a_number(client: Any, deadline_s: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        client(deadline_s=deadline_s)
    assert violation(caught) == Violation("deadline_s", f"a number, got {type(deadline_s).__name__}")


def test_numbers_of_numpy_are_welcome() -> None:
    conditions = ClipFilter(min_mood_scores={"sad": np.float64(0.5)})
    sent = match(k=np.int64(3), seed=np.uint64(2**64 - 1), explain=np.True_, filter=conditions)  # type: ignore[arg-type]
    assert (sent.options.k, sent.options.seed, sent.explain) == (3, 2**64 - 1, True)
    assert dict(sent.options.filter.min_mood_scores) == {"sad": 0.5}
    vector = Vector("vad", np.array([0.25, 0.5], np.float32))  # type: ignore[arg-type]
    [query] = calls.find_neighbors([vector], options(k=np.int8(3))).request.queries  # type: ignore[attr-defined]
    assert list(query.values) == [0.25, 0.5]
    assert require_deadline(np.float32(0.5)) == 0.5  # type: ignore[arg-type]


def test_a_text_that_is_none_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.encode_texts(["joy", None], explain=False)  # type: ignore[list-item]
    assert violation(caught) == Violation("texts[1]", "a text, got NoneType")


def test_a_filter_goes_out_as_it_was_written_and_none_goes_out_unasked() -> None:
    conditions = ClipFilter(
        labels=("Jazz",),
        without_labels=["Singing"],
        moods=["sad"],
        min_mood_scores=MappingProxyType({"sad": 0.5}),
        clip_ids=["abcdefghijk@1"],
        without_clip_ids=["abcdefghijk@2"],
        youtube_ids=["abcdefghijk"],
        without_youtube_ids=["bbcdefghijk"],
        min_facet_scores=MappingProxyType({"calm": 0.5}),
        max_facet_scores={"vocal": 0.5, "speech": 0.25},
        attributes=[
            AttributeCondition("artist", ["Nina Simone", "é"]),
            AttributeCondition("live", (np.True_, False)),
            AttributeCondition("year", [np.int64(1965), 2.5]),
            AttributeCondition("year", most=0),
        ],
    )
    sent = options(filter=conditions).filter
    assert [read_condition(condition) for condition in sent.attributes] == [
        AttributeCondition("artist", ["Nina Simone", "é"]),
        AttributeCondition("live", [True, False]),
        AttributeCondition("year", [1965.0, 2.5]),
        AttributeCondition("year", [], None, 0.0),
    ]
    for field in fields(ClipFilter)[:-1]:
        value, expected = getattr(sent, field.name), getattr(conditions, field.name)
        form = dict if field.name.endswith("_scores") else list
        assert form(value) == form(expected)
    assert not options().HasField("filter")
    assert options(filter=ClipFilter()).HasField("filter")


def test_a_request_with_everything_at_its_limit_can_be_sent() -> None:
    ids, videos = ["\U0001f3b5" * MAX_CLIP_ID_CHARACTERS] * MAX_FILTER_IDS, ["abcdefghijk"] * MAX_FILTER_IDS
    labels = ["\U0001f3b5" * MAX_LABEL_CHARACTERS] * MAX_FILTER_LABELS
    moods, facets = dict.fromkeys(MOODS.names, 1.0), dict.fromkeys(FACETS + TRAITS, 1.0)
    values = ["\U0001f3b5" * MAX_METADATA_CHARACTERS] * MAX_CONDITION_VALUES
    attributes = [AttributeCondition("a" * 64, values)] * MAX_CONDITIONS
    everything = ClipFilter(
        labels, labels, MOODS.names, moods, ids, ids, videos, videos, facets, facets, attributes
    )
    texts = ["\U0001f3b5" * MAX_TEXT_CHARACTERS] * MAX_TEXTS
    full = options(k=1_000, index="i" * 64, seed=2**64 - 1, filter=everything, include_unlistenable=True)
    calls.match_texts(texts, full, space="s" * 16, explain=True)
    queries = [Vector("v" * 16, (1.0,) * 128, "l" * 32)] * MAX_QUERIES
    assert calls.find_neighbors(queries, full).request.ByteSize() < MAX_MUSIC_REQUEST_BYTES
    assert full.filter.ByteSize() < MAX_FILTER_BYTES


def test_a_request_too_large_to_send() -> None:
    with pytest.raises(
        InvalidInputError, match=rf"^request: at most {MAX_REQUEST_BYTES:,} bytes, got 40,000,00\d$"
    ):
        match("a" * 40_000_000)


@pytest.mark.parametrize("deadline_s", [0, -1.0, math.nan, math.inf, 86_401, 1e18])
def test_a_deadline_that_is_none(deadline_s: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        require_deadline(deadline_s)
    limit = "a number of seconds above 0, at most 86,400"
    assert violation(caught) == Violation("deadline_s", f"{limit}, got {deadline_s}")


def test_the_longest_deadline() -> None:
    assert require_deadline(86_400) == 86_400


@pytest.mark.parametrize("field", ["target", "text_target", "music_target"])
@pytest.mark.parametrize("client", [Client, aio.Client])
@pytest.mark.parametrize(
    ("target", "offence"),
    [
        ("", "is empty; a host:port is needed"),
        ("ab\ud800", SURROGATE),
        (
            "http://host:50051",
            "no scheme but dns:, ipv4:, ipv6:, unix: or unix-abstract:, got 'http://host:50051'",
        ),
        (50051, "a text, got int"),
    ],
)
def test_a_target_that_cannot_be_called(client: Any, field: str, target: Any, offence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        client(**{field: target})
    assert violation(caught) == Violation(field, offence)


def test_what_goes_out_is_what_was_asked() -> None:
    small = options(k=3, index="small", seed=9)
    call = calls.find_neighbors([Vector("vad", (0.25, 0.5, 0.75), "vad-1")], small)
    assert (call.peer, call.method) == (calls.MUSIC_INDEX_SERVICE, "FindNeighbors")
    query = space_pb2.Vector(space="vad", values=[0.25, 0.5, 0.75], lineage="vad-1")
    assert small == SearchOptions(k=3, index="small", seed=9)
    assert call.request == FindNeighborsRequest(queries=[query], options=small)
    call = calls.match_text("joy", small, space="vad", explain=True)
    assert call.request == MatchTextRequest(text="joy", options=small, space="vad", explain=True)
    assert options(include_unlistenable=True) == SearchOptions(k=10, include_unlistenable=True)


def test_every_option_goes_out() -> None:
    asked = {
        "index": "small",
        "seed": 9,
        "filter": ClipFilter(moods=["sad"]),
        "include_unlistenable": True,
        "include_unavailable": True,
        "max_per_artist": 1,
        "max_per_album": 2,
        "max_per_track": 3,
        "max_per_video": 4,
        "max_distance": 0.5,
        "min_separation": 0.25,
    }
    assert set(asked) == set(SearchArguments.__annotations__)
    sent = options(k=3, **asked)
    assert {field.name for field, _ in sent.ListFields()} == {field.name for field in sent.DESCRIPTOR.fields}
    assert sent == SearchOptions(**asked | {"k": 3, "filter": sent.filter})
    assert not options().HasField("max_distance")
    similar = calls.find_similar(iter(["a@1", "b@2"]), sent, space="vad")
    assert similar.request == FindSimilarRequest(clip_ids=["a@1", "b@2"], space="vad", options=sent)
    path = calls.find_path(HERE, THERE, 7, sent)
    ends = {
        name: space_pb2.Vector(space="vad", values=v.values)
        for name, v in zip(("start", "end"), (HERE, THERE), strict=True)
    }
    assert path.request == FindPathRequest(**ends, steps=7, options=sent)


def test_who_is_refused_comes_back_no_sooner_than_told_and_waits_longer_each_time() -> None:
    now = [100.0]
    for _ in range(100):
        patience = calls.Patience(5.0, lambda: now[0])
        pauses = [patience.pause_s(OverloadedError("full", 0.2)) for _ in range(3)]
        for told, pause in zip((0.2, 0.4, 0.8), pauses, strict=True):
            assert pause is not None
            assert told <= pause <= 1.5 * told


def test_who_is_refused_does_not_come_back_after_the_deadline_or_untold() -> None:
    now = [100.0]
    patience = calls.Patience(1.0, lambda: now[0])
    assert patience.pause_s(OverloadedError("full", 0.0)) is None
    assert patience.pause_s(OverloadedError("full", 0.1)) is not None
    now[0] += 0.9
    assert patience.left_s() == pytest.approx(0.1)
    assert patience.pause_s(OverloadedError("full", 0.1)) is None
    now[0] += 0.9
    assert patience.left_s() == 0


def test_a_service_s_refusal_names_the_argument() -> None:
    refusal = InvalidInputError(
        Violation(field, "is wrong") for field in ("options.k", "options.filter.labels[0]", "texts[1]")
    )
    told = calls.by_argument(refusal)
    assert isinstance(told, InvalidInputError)
    assert [each.field for each in told.violations] == ["k", "filter.labels[0]", "texts[1]"]
    assert str(told) == "k: is wrong; filter.labels[0]: is wrong; texts[1]: is wrong"
    other = NotFoundError("index: no 'jazz'")
    assert calls.by_argument(other) is other
