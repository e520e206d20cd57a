"""Requests that both clients build: what is refused before any call, and what goes out."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from ambiance import Client, calls
from ambiance.arguments import require_deadline
from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import MAX_REQUEST_BYTES
from ambiance.music.v1.music_index_service_pb2 import FindNeighborsRequest
from ambiance.results import Vector
from ambiance.type.v1 import space_pb2

OPTIONS = calls.MatchOptions(k=10, index="", space="", seed=0, explain=False)
SURROGATE = "lone surrogate U+D800 at character 2; it has no UTF-8 encoding"


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
        calls.match_text(text, replace(OPTIONS, index=index, space=space))
    assert violation(caught) == Violation(field, SURROGATE)


@pytest.mark.parametrize(
    "build",
    [
        lambda texts: calls.encode_texts(texts, explain=False),
        lambda texts: calls.match_texts(texts, OPTIONS),
    ],
)
def test_in_a_batch_the_offending_text_is_named(build: Callable[[list[str]], object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build(["fine", "ab\ud800"])
    assert violation(caught) == Violation("texts[1]", SURROGATE)


def test_a_lone_surrogate_in_a_query_names_the_query() -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.find_neighbors([Vector("vad", [0.1]), Vector("ab\ud800", [0.1])], 10, "", 0)
    assert violation(caught) == Violation("queries[1].space", SURROGATE)


def test_a_single_text_is_not_taken_for_a_batch_of_characters() -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.encode_texts("joy", explain=False)
    assert violation(caught) == Violation("texts", "a list of texts, got a single text")


@pytest.mark.parametrize("k", [2**31, -(2**31) - 1])
def test_a_k_that_the_message_has_no_room_for(k: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        calls.match_text("joy", replace(OPTIONS, k=k))
    assert violation(caught) == Violation("k", f"1 to 1,000, got {k:,}")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_the_message_has_no_room_for(seed: int) -> None:
    limit = "0 to 18,446,744,073,709,551,615"
    for build in (
        lambda: calls.match_text("joy", replace(OPTIONS, seed=seed)),
        lambda: calls.find_neighbors([Vector("vad", [0.1])], 10, "", seed),
    ):
        with pytest.raises(InvalidInputError) as caught:
            build()
        assert violation(caught) == Violation("seed", f"{limit}, got {seed:,}")


def test_a_request_too_large_to_send() -> None:
    with pytest.raises(
        InvalidInputError, match=rf"^request: at most {MAX_REQUEST_BYTES:,} bytes, got 30,000,00\d$"
    ):
        calls.match_text("a" * 30_000_000, OPTIONS)


@pytest.mark.parametrize("deadline_s", [0, -1.0, math.nan, math.inf, 86_401, 1e18])
def test_a_deadline_that_is_none(deadline_s: float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        require_deadline(deadline_s)
    limit = "a number of seconds above 0, at most 86,400"
    assert violation(caught) == Violation("deadline_s", f"{limit}, got {deadline_s}")


def test_the_longest_deadline() -> None:
    assert require_deadline(86_400) == 86_400


@pytest.mark.parametrize(
    ("target", "offence"), [("", "is empty; a host:port is needed"), ("ab\ud800", SURROGATE)]
)
def test_a_target_that_cannot_be_called(target: str, offence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Client(text_target=target)
    assert violation(caught) == Violation("target", offence)


def test_what_goes_out_is_what_was_asked() -> None:
    call = calls.find_neighbors([Vector("vad", (0.25, 0.5, 0.75), "vad-1")], 3, "small", 9)
    assert (call.peer, call.method) == (calls.MUSIC_INDEX_SERVICE, "FindNeighbors")
    query = space_pb2.Vector(space="vad", values=[0.25, 0.5, 0.75], lineage="vad-1")
    assert call.request == FindNeighborsRequest(index="small", queries=[query], k=3, seed=9)
