"""Both clients write to a service that keeps the contract's promises in memory."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
import pytest

import ambiance
from ambiance import ClipInput, aio
from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError, UnavailableError
from ambiance.music.v1 import music_index_service_pb2_grpc
from ambiance.write_results import WriteOutcome
from fake_catalogue import FakeCatalogue
from support import Serve

FACETS = {"calm": 0.5}


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue()


@pytest.fixture(params=["sync", "asyncio"])
def run(request: pytest.FixtureRequest, catalogue: FakeCatalogue, serve: Serve) -> Callable[..., Any]:
    """Call a method of a client by name; every test runs with either client."""
    target = serve(catalogue.application()).target  # type: ignore[attr-defined]

    def run_sync(method: str, *arguments: Any, to: str = target, **options: Any) -> Any:
        with ambiance.Client(music_target=to) as client:
            return getattr(client, method)(*arguments, **options)

    async def call(method: str, *arguments: Any, to: str = target, **options: Any) -> Any:
        async with aio.Client(music_target=to) as client:
            return await getattr(client, method)(*arguments, **options)

    if request.param == "sync":
        return run_sync
    return lambda *arguments, **options: asyncio.run(call(*arguments, **options))


def outcomes(results: Any) -> list[str]:
    return [result.outcome for result in results]


def test_an_index_is_made_once_and_deleted_with_its_clips(run: Callable[..., Any]) -> None:
    assert run("create_index", "songs").created
    again = run("create_index", "songs")
    assert (again.created, again.index.name, again.index.writable) == (False, "songs", True)
    run("upsert_clips", [ClipInput("a", facets=FACETS)], index="songs")
    assert run("delete_index", "songs") == 1
    with pytest.raises(NotFoundError):
        run("delete_index", "songs")
    with pytest.raises(PreconditionError):
        run("delete_index", "default")


def test_each_clip_has_its_result_in_order(run: Callable[..., Any]) -> None:
    run("create_index", "songs")
    clips = [ClipInput("a", facets=FACETS, title="A"), ClipInput("b"), ClipInput("c", facets=FACETS)]
    first = run("upsert_clips", clips, index="songs")
    assert outcomes(first) == [WriteOutcome.CREATED, WriteOutcome.REFUSED, WriteOutcome.CREATED]
    [violation] = first[1].violations
    assert (violation.field, first[1].clip_id) == ("clips[1]", "b")
    again = [ClipInput("a", facets=FACETS, title="B"), clips[2]]
    assert outcomes(run("upsert_clips", again, index="songs")) == ["updated", "unchanged"]
    assert outcomes(run("report_unavailable", ["a", "x"], index="songs")) == ["updated", "not_found"]
    [clip] = run("get_clips", ["a"], index="songs")
    assert (clip.available, clip.metadata.title) == (False, "B")
    assert outcomes(run("report_unavailable", ["a"], index="songs", available=True)) == ["updated"]
    assert outcomes(run("delete_clips", ["a", "x"], index="songs")) == ["deleted", "not_found"]
    with pytest.raises(NotFoundError):
        run("get_clips", ["a"], index="songs")


@pytest.fixture
def bare(catalogue: FakeCatalogue) -> Iterator[str]:
    """Address of the service without the server kit, which would take an aborted call for a fault."""
    server = grpc.server(ThreadPoolExecutor(2))
    music_index_service_pb2_grpc.add_MusicIndexServiceServicer_to_server(catalogue, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def lose_first_answer(request: Any, context: grpc.ServicerContext, lost: list[Any]) -> None:
    lost.append(request)
    if len(lost) == 1:
        context.abort(grpc.StatusCode.UNAVAILABLE, "the connection broke")


def test_a_write_whose_answer_was_lost_is_repeated_and_not_doubled(
    run: Callable[..., Any], catalogue: FakeCatalogue, bare: str
) -> None:
    catalogue.after = partial(lose_first_answer, lost=[])
    [result] = run("upsert_clips", [ClipInput("a", facets=FACETS)], to=bare)
    assert result.outcome is WriteOutcome.UNCHANGED
    assert (len(catalogue.requests), len(catalogue.clips["default"]), catalogue.sequence) == (2, 1, 1)


def test_deleting_an_index_is_tried_once(
    run: Callable[..., Any], catalogue: FakeCatalogue, bare: str
) -> None:
    tries: list[Any] = []
    catalogue.after = partial(lose_first_answer, lost=tries)
    run("create_index", "songs")
    with pytest.raises(UnavailableError, match="the connection broke"):
        run("delete_index", "songs", to=bare)
    assert len(tries) == 1


def test_what_cannot_be_sent_is_refused_before_any_call(
    run: Callable[..., Any], catalogue: FakeCatalogue
) -> None:
    with pytest.raises(InvalidInputError, match=r"^clips\[1\]: a ClipInput, got dict$"):
        run("upsert_clips", [ClipInput("a", facets=FACETS), {"id": "b"}])
    with pytest.raises(InvalidInputError, match=r"^available: True or False, got int$"):
        run("report_unavailable", ["a"], available=0)
    assert not catalogue.requests


def test_a_clip_that_cannot_be_sent_keeps_no_other_from_being_written(
    run: Callable[..., Any], catalogue: FakeCatalogue
) -> None:
    clips = [
        ClipInput("a", title="a" * 10_000_000),
        ClipInput("b", facets=FACETS),
        ClipInput("c", facets={"calm": "very"}),  # type: ignore[dict-item]
        ClipInput("d"),
        ClipInput("e", title="\ud800"),
        ClipInput("f", facets=FACETS),
    ]
    results = run("upsert_clips", clips)
    assert [result.clip_id for result in results] == list("abcdef")
    assert outcomes(results) == ["refused", "created", "refused", "refused", "refused", "created"]
    fields = [result.violations[0].field for result in results if result.violations]
    assert fields == ["clips[0]", "clips[2].facets['calm']", "clips[3]", "clips[4].title"]
    assert set(catalogue.clips["default"]) == {"b", "f"}


def test_a_batch_larger_than_a_request_is_written_whole(
    run: Callable[..., Any], catalogue: FakeCatalogue
) -> None:
    clips = [ClipInput(f"{i}", frames=bytes(128 * 600), album="a" * 100_000) for i in range(200)]
    results = run("upsert_clips", [*clips, ClipInput("last")], deadline_s=60)
    assert outcomes(results[:-1]) == ["created"] * 200
    assert results[-1].violations[0].field == "clips[200]"
    assert len(catalogue.requests) == 3
    assert len(catalogue.clips["default"]) == 200
