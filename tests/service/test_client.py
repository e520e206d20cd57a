"""Both clients against a real server whose services a test scripts: the same calls, results and errors."""

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from relay import relay

import ambiance
from ambiance import aio
from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    PeerError,
    PreconditionError,
    UnavailableError,
    Violation,
)
from ambiance.match.v1 import match_service_pb2 as pb
from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.music.v1 import music_index_service_pb2_grpc as music_grpc
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.results import Vector
from ambiance.server.lifecycle import Application, Servicer
from ambiance.text.v1 import text_service_pb2 as text_pb
from ambiance.text.v1 import text_service_pb2_grpc as text_grpc

WAIT_S = 20.0
NOBODY = "127.0.0.1:1"
CLIP_COUNT = 5  # that the catalogue of the fake holds
ROCK = ambiance.ClipFilter(labels=["Rock music"])
ROCK_OPTIONS = SearchOptions(
    k=3, index="small", seed=7, filter={"labels": ["Rock music"]}, include_unlistenable=True
)

Run = Callable[..., Any]


class Fake(
    match_service_pb2_grpc.MatchServiceServicer,
    text_grpc.TextServiceServicer,
    music_grpc.MusicIndexServiceServicer,
):
    """All three services at once. Each text comes back as its length; errors are raised one a call."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.errors: list[Exception] = []
        self.before: Callable[[grpc.ServicerContext], None] = lambda _: None

    def MatchText(self, request: Any, context: Any) -> pb.MatchTextResponse:  # noqa: N802
        self._play(request, context)
        return pb.MatchTextResponse(match=self._match(request.text))

    def MatchTexts(self, request: Any, context: Any) -> pb.MatchTextsResponse:  # noqa: N802
        self._play(request, context)
        return pb.MatchTextsResponse(matches=map(self._match, request.texts))

    def EncodeTexts(self, request: Any, context: Any) -> text_pb.EncodeTextsResponse:  # noqa: N802
        self._play(request, context)
        return text_pb.EncodeTextsResponse(results=[self._match(text).text for text in request.texts])

    def FindNeighbors(self, request: Any, context: Any) -> music_pb.FindNeighborsResponse:  # noqa: N802
        self._play(request, context)
        results = [music_pb.Neighbors(neighbors=[{"distance": q.values[0]}]) for q in request.queries]
        return music_pb.FindNeighborsResponse(results=results)

    def FindSimilar(self, request: Any, context: Any) -> music_pb.FindSimilarResponse:  # noqa: N802
        self._play(request, context)
        results = [music_pb.Neighbors(neighbors=[{"clip": {"id": f"like {i}"}}]) for i in request.clip_ids]
        return music_pb.FindSimilarResponse(results=results, left_out_clip_count=3)

    def FindPath(self, request: Any, context: Any) -> music_pb.FindPathResponse:  # noqa: N802
        self._play(request, context)
        ends = request.start, request.end
        return music_pb.FindPathResponse(
            neighbors=[{"clip": {"id": str(end.values[0])}} for end in ends],
            shortfall_reason=music_pb.SHORTFALL_REASON_TOO_ALIKE,
            filter_effect={"clip_count": 2},
        )

    def GetClip(self, request: Any, context: Any) -> music_pb.GetClipResponse:  # noqa: N802
        self._play(request, context)
        return music_pb.GetClipResponse(clip={"id": request.clip_id})

    def BatchGetClips(self, request: Any, context: Any) -> music_pb.BatchGetClipsResponse:  # noqa: N802
        self._play(request, context)
        return music_pb.BatchGetClipsResponse(clips=[{"id": each} for each in request.clip_ids])

    def ListClips(self, request: Any, context: Any) -> music_pb.ListClipsResponse:  # noqa: N802
        self._play(request, context)
        start, size = int(request.page_token or 0), request.page_size
        ids = [f"{i}" for i in range(CLIP_COUNT)][start : start + size]
        following = str(start + size) if start + size < CLIP_COUNT else ""
        return music_pb.ListClipsResponse(clips=[{"id": each} for each in ids], next_page_token=following)

    def ListIndexes(self, request: Any, context: Any) -> music_pb.ListIndexesResponse:  # noqa: N802
        self._play(request, context)
        return music_pb.ListIndexesResponse(indexes=[{"name": "default"}, {"name": "small"}])

    def _play(self, request: Any, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        self.before(context)
        if self.errors:
            raise self.errors.pop(0)

    @staticmethod
    def _match(text: str) -> pb.Match:
        return pb.Match(text=text_pb.EncodedText(token_count=len(text)))


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def target(fake: Fake, serve: Callable[..., Any]) -> str:
    """Address of a server of the fake."""
    servicers = [
        Servicer("match", lambda s: match_service_pb2_grpc.add_MatchServiceServicer_to_server(fake, s)),
        Servicer("text", lambda s: text_grpc.add_TextServiceServicer_to_server(fake, s)),
        Servicer("music", lambda s: music_grpc.add_MusicIndexServiceServicer_to_server(fake, s)),
    ]
    address: str = serve(Application(servicers)).target
    return address


@pytest.fixture(params=["sync", "asyncio"])
def run(request: pytest.FixtureRequest, target: str) -> Iterator[Run]:
    """Call a method of a client by name; every test runs with either client."""

    def run_sync(method: str, *arguments: Any, to: str = target, **options: Any) -> Any:
        with ambiance.Client(to, text_target=to, music_target=to) as client:
            answer = getattr(client, method)(*arguments, **options)
            return list(answer) if isinstance(answer, Iterator) else answer

    def run_asyncio(method: str, *arguments: Any, to: str = target, **options: Any) -> Any:
        async def call() -> Any:
            async with aio.Client(to, text_target=to, music_target=to) as client:
                answer: Coroutine[Any, Any, Any] | AsyncIterator[Any]
                answer = getattr(client, method)(*arguments, **options)
                return [item async for item in answer] if isinstance(answer, AsyncIterator) else await answer

        return asyncio.run(call())

    return run_sync if request.param == "sync" else run_asyncio


def test_match(run: Run, fake: Fake) -> None:
    options = {"index": "small", "seed": 7, "include_unlistenable": True}
    asked = {"space": "vad", "explain": True}
    assert run("match", "joy", 3, **options, **asked).text.token_count == 3
    assert run("match", "joy", 3, **options, **asked, filter=ROCK).text.token_count == 3
    assert fake.requests == [
        pb.MatchTextRequest(text="joy", options={"k": 3, **options}, **asked),
        pb.MatchTextRequest(text="joy", options=ROCK_OPTIONS, **asked),
    ]


def test_match_batch(run: Run, fake: Fake) -> None:
    options = {"index": "small", "space": "vad", "seed": 7, "explain": True, "include_unlistenable": True}
    results = run("match_batch", ["a", "bbb", "cc"], 3, **options, filter=ROCK)
    assert [result.text.token_count for result in results] == [1, 3, 2]
    request = pb.MatchTextsRequest(texts=["a", "bbb", "cc"], options=ROCK_OPTIONS, space="vad", explain=True)
    assert fake.requests == [request]


def test_encode(run: Run, fake: Fake) -> None:
    assert [text.token_count for text in run("encode", ["a", "bbb"])] == [1, 3]
    run("encode", ["a"], explain=True)
    assert fake.requests == [
        text_pb.EncodeTextsRequest(texts=["a", "bbb"]),
        text_pb.EncodeTextsRequest(texts=["a"], explain=True),
    ]


def test_search(run: Run, fake: Fake) -> None:
    results = run(
        "search",
        [Vector("vad", (0.5, 0, 0), "vad-1"), Vector("vad", [0.25, 0, 0])],
        3,
        index="small",
        seed=7,
        filter=ROCK,
        include_unlistenable=True,
    )
    assert [result.neighbors[0].distance for result in results] == [0.5, 0.25]
    [request] = fake.requests
    assert request.options == ROCK_OPTIONS
    assert [query.lineage for query in request.queries] == ["vad-1", ""]


def test_find_similar(run: Run, fake: Fake) -> None:
    one, other = run("find_similar", ["a", "b"], 4, space="vad", max_per_artist=2)
    assert [neighbor.clip.id for neighbor in (*one.neighbors, *other.neighbors)] == ["like a", "like b"]
    assert one.left_out_clip_count == 3
    options = SearchOptions(k=4, max_per_artist=2)
    assert fake.requests == [music_pb.FindSimilarRequest(clip_ids=["a", "b"], space="vad", options=options)]


def test_find_path(run: Run, fake: Fake) -> None:
    start, end = Vector("vad", (0.25, 0.5, 0.5), "vad-1"), Vector("vad", (0.75, 0.5, 0.5))
    path = run("find_path", start, end, 5, filter=ROCK, include_unavailable=True)
    assert [neighbor.clip.id for neighbor in path.neighbors] == ["0.25", "0.75"]
    assert path.shortfall_reason is ambiance.ShortfallReason.TOO_ALIKE
    assert path.filter_effect == ambiance.FilterEffect(2)
    [request] = fake.requests
    assert (request.start.lineage, list(request.end.values), request.steps) == ("vad-1", [0.75, 0.5, 0.5], 5)
    assert request.options == SearchOptions(filter={"labels": ["Rock music"]}, include_unavailable=True)


def test_get_clip(run: Run, fake: Fake) -> None:
    assert run("get_clip", "a@1", index="small").id == "a@1"
    assert fake.requests == [music_pb.GetClipRequest(clip_id="a@1", index="small")]


def test_get_clips(run: Run, fake: Fake) -> None:
    assert [clip.id for clip in run("get_clips", ("b@2", "a@1"), index="small")] == ["b@2", "a@1"]
    assert fake.requests == [music_pb.BatchGetClipsRequest(clip_ids=["b@2", "a@1"], index="small")]


def test_list_clips_asks_for_one_page_after_the_other(run: Run, fake: Fake) -> None:
    clips = run("list_clips", index="small", page_size=2)
    assert [clip.id for clip in clips] == ["0", "1", "2", "3", "4"]
    sent = [(request.index, request.page_size, request.page_token) for request in fake.requests]
    assert sent == [("small", 2, ""), ("small", 2, "2"), ("small", 2, "4")]


def test_a_page_that_nobody_needs_is_not_asked_for(target: str, fake: Fake) -> None:
    with ambiance.Client(music_target=target) as client:
        clips = client.list_clips(page_size=2)
        assert not fake.requests
        assert [next(clips).id for _ in range(2)] == ["0", "1"]
    assert len(fake.requests) == 1


def test_list_indexes(run: Run, fake: Fake) -> None:
    assert [index.name for index in run("list_indexes")] == ["default", "small"]
    assert fake.requests == [music_pb.ListIndexesRequest()]


def test_a_clip_that_there_is_not_is_not_found(run: Run, fake: Fake) -> None:
    fake.errors = [NotFoundError("clip_id: the index default has no clip 'x@1'")]
    with pytest.raises(NotFoundError, match=r"^clip_id: the index default has no clip 'x@1'$"):
        run("get_clip", "x@1")


def test_clips_that_are_not_worth_hearing_are_left_out_unless_asked_for(run: Run, fake: Fake) -> None:
    run("match", "joy")
    run("match_batch", ["joy"])
    run("search", [Vector("vad", [0.5, 0, 0])])
    assert not any(request.options.include_unlistenable for request in fake.requests)


def test_what_cannot_be_sent_is_refused_before_any_call(run: Run, fake: Fake) -> None:
    with pytest.raises(InvalidInputError, match=r"^text: lone surrogate U\+D83D at character 1"):
        run("match", "a\ud83d")
    assert not fake.requests


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (NotFoundError("index: no 'x'"), "index: no 'x'"),
        (PreconditionError("lineage: vad-2"), "lineage: vad-2"),
        (
            PeerError("secret"),
            "gateway at {target}: INTERNAL: internal error; the server's log has the details",
        ),
        (
            DeadlineError("text service: no answer in time"),
            "gateway at {target}: text service: no answer in time",
        ),
    ],
)
def test_an_error_arrives_as_it_was_raised_after_a_single_try(
    run: Run, fake: Fake, target: str, raised: AmbianceError, message: str
) -> None:
    fake.errors = [raised]
    with pytest.raises(type(raised)) as caught:
        run("match", "a")
    assert str(caught.value) == message.format(target=target)
    assert len(fake.requests) == 1


def test_every_violation_arrives(run: Run, fake: Fake) -> None:
    violations = (Violation("texts[0]", "is empty"), Violation("texts[2]", "is empty"))
    fake.errors = [InvalidInputError(violations)]
    with pytest.raises(InvalidInputError) as caught:
        run("encode", ["", "a", ""])
    assert caught.value.violations == violations


@pytest.mark.parametrize(
    ("method", "argument"), [("match", "a"), ("match_batch", ["a"]), ("search", [Vector("vad", [0.1])])]
)
def test_what_is_wrong_with_an_option_is_told_of_the_argument(
    run: Run, fake: Fake, method: str, argument: Any
) -> None:
    fake.errors = [
        InvalidInputError(
            [Violation("options.k", "at most 1"), Violation("options.filter.labels[0]", "unknown")]
        )
    ]
    with pytest.raises(InvalidInputError, match=r"^k: at most 1; filter\.labels\[0\]: unknown$") as caught:
        run(method, argument)
    assert [violation.field for violation in caught.value.violations] == ["k", "filter.labels[0]"]


def test_a_client_that_is_refused_comes_back_when_told(run: Run, fake: Fake) -> None:
    came: list[float] = []
    fake.before = lambda _: came.append(time.monotonic())
    fake.errors = [OverloadedError("all 64 permits are taken", 0.1) for _ in range(2)]
    assert run("match", "a", deadline_s=WAIT_S).text.token_count == 1
    first, second, third = came
    assert second - first >= 0.1
    assert third - second >= 0.2


def test_a_refusal_that_says_to_come_back_after_the_deadline_is_told(run: Run, fake: Fake) -> None:
    fake.errors = [OverloadedError("all 64 permits are taken", 5.25)]
    with pytest.raises(OverloadedError, match="all 64 permits are taken") as caught:
        run("match", "a", deadline_s=5.0)
    assert caught.value.retry_after_s == 5.25
    assert len(fake.requests) == 1


def test_refusals_until_the_deadline_are_told(run: Run, fake: Fake) -> None:
    fake.errors = [OverloadedError("all 64 permits are taken", 0.02) for _ in range(100)]
    with pytest.raises(OverloadedError, match="all 64 permits are taken"):
        run("match", "a", deadline_s=0.5)
    assert 2 <= len(fake.requests) <= 5


def test_a_call_whose_connection_breaks_is_repeated(run: Run, fake: Fake, target: str) -> None:
    with relay(target) as between:
        fake.before = lambda _: between.drop() if len(fake.requests) == 1 else None
        assert run("match", "a", to=between.target).text.token_count == 1
    assert len(fake.requests) == 2


def test_a_call_that_the_server_cancels_is_repeated(run: Run, fake: Fake) -> None:
    fake.before = lambda context: context.cancel() if len(fake.requests) == 1 else None
    assert run("match", "a").text.token_count == 1
    assert len(fake.requests) == 2


def test_a_call_that_a_server_itself_retried_is_not_repeated(run: Run, fake: Fake) -> None:
    fake.errors = [UnavailableError("text service: down")]
    with pytest.raises(UnavailableError, match=r"text service: down$"):
        run("match", "a")
    assert len(fake.requests) == 1


def test_a_peer_that_vanishes_in_silence_is_left_for_a_new_connection(target: str) -> None:
    with relay(target) as between, ambiance.Client(between.target, deadline_s=1.0) as client:
        client.match("a")
        between.freeze()
        for _ in range(20):  # the default would be to wait for a minute
            with contextlib.suppress(DeadlineError, UnavailableError):
                assert client.match("bb").text.token_count == 2
                return
    pytest.fail("every call hung on the connection that is dead")


@pytest.mark.parametrize(
    ("method", "argument", "peer"),
    [
        ("match", "a", "gateway"),
        ("encode", ["a"], "text service"),
        ("search", [Vector("vad", [0.1])], "music index service"),
    ],
)
def test_nobody_there_is_unavailable_and_names_who_was_called(
    run: Run, method: str, argument: Any, peer: str
) -> None:
    with pytest.raises(UnavailableError, match=f"^{peer} at {NOBODY}: "):
        run(method, argument, to=NOBODY)


def test_a_deadline_of_a_call(run: Run, fake: Fake) -> None:
    def until_over(context: grpc.ServicerContext) -> None:
        over = threading.Event()
        if context.add_callback(over.set):
            over.wait(WAIT_S)

    fake.before = until_over
    with pytest.raises(DeadlineError, match=r"^gateway at \S+: no answer in time$"):
        run("match", "a", deadline_s=0.1)


@pytest.fixture
def held(fake: Fake) -> Iterator[threading.Event]:
    """Is set once a call has reached the server, which holds it until the test ends."""
    arrived, go_on = threading.Event(), threading.Event()

    def hold(_: grpc.ServicerContext) -> None:
        arrived.set()
        go_on.wait(WAIT_S)

    fake.before = hold
    yield arrived
    go_on.set()


def test_an_asyncio_client_made_outside_a_loop_serves_one_loop_after_the_other(target: str) -> None:
    client = aio.Client(target)
    for _ in range(2):
        assert asyncio.run(client.match("a")).text.token_count == 1

    async def match_in_many_tasks() -> list[Any]:
        async with client:
            return await asyncio.gather(*(client.match("a") for _ in range(8)))

    assert len(asyncio.run(match_in_many_tasks())) == 8


def test_an_asyncio_client_never_used_can_be_closed(target: str) -> None:
    client = aio.Client(target)
    asyncio.run(client.close())
    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        asyncio.run(client.match("a"))


@pytest.mark.parametrize("use", [lambda client: client.match("a"), lambda client: client.close()])
def test_an_asyncio_client_of_another_open_loop_says_so(
    target: str, use: Callable[[aio.Client], Coroutine[Any, Any, Any]]
) -> None:
    async def use_elsewhere() -> None:
        async with aio.Client(target) as client:
            await client.match("a")
            try:
                await asyncio.to_thread(asyncio.run, use(client))
            finally:
                assert (await client.match("a")).text.token_count == 1

    with pytest.raises(
        PreconditionError, match=r"^client belongs to another event loop, which is still open; "
    ):
        asyncio.run(use_elsewhere())


def test_a_closed_client_says_so(target: str) -> None:
    def close_and_call() -> Any:
        client = ambiance.Client(target)
        client.close()
        client.close()
        return client.match("a")

    async def close_and_await() -> Any:
        client = aio.Client(target)
        await client.close()
        await client.close()
        return await client.match("a")

    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        close_and_call()
    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        asyncio.run(close_and_await())


def test_a_client_closed_during_a_call_says_so(target: str, held: threading.Event) -> None:
    with ThreadPoolExecutor(1) as pool:
        client = ambiance.Client(target, deadline_s=WAIT_S)
        call = pool.submit(client.match, "a")
        assert held.wait(WAIT_S)
        client.close()
        with pytest.raises(UnavailableError, match=r"^client is closed$"):
            call.result()


def test_an_asyncio_client_closed_during_a_call_says_so(target: str, held: threading.Event) -> None:
    async def close_during_call() -> None:
        client = aio.Client(target, deadline_s=WAIT_S)
        call = asyncio.create_task(client.match("a"))
        assert await asyncio.to_thread(held.wait, WAIT_S)
        await client.close()
        await call

    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        asyncio.run(close_during_call())


def test_a_client_closed_before_it_comes_back_says_so(target: str, fake: Fake) -> None:
    refused = threading.Event()
    fake.before = lambda _: refused.set()
    fake.errors = [OverloadedError("all 64 permits are taken", 2 * WAIT_S) for _ in range(2)]
    with ThreadPoolExecutor(1) as pool:
        client = ambiance.Client(target, deadline_s=10 * WAIT_S)
        call = pool.submit(client.match, "a")
        assert refused.wait(WAIT_S)
        client.close()
        with pytest.raises(UnavailableError, match=r"^client is closed$"):
            call.result(WAIT_S)

    async def close_during_pause() -> None:
        refused.clear()
        client = aio.Client(target, deadline_s=10 * WAIT_S)
        call = asyncio.create_task(client.match("a"))
        assert await asyncio.to_thread(refused.wait, WAIT_S)
        await client.close()
        await asyncio.wait_for(call, WAIT_S)

    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        asyncio.run(close_during_pause())


@pytest.mark.parametrize("closes", [False, True])
def test_a_task_that_is_cancelled_ends_cancelled(target: str, held: threading.Event, *, closes: bool) -> None:
    async def cancel_call() -> None:
        client = aio.Client(target, deadline_s=WAIT_S)
        call = asyncio.create_task(client.match("a"))
        assert await asyncio.to_thread(held.wait, WAIT_S)
        call.cancel()
        if closes:
            await client.close()
        await call

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_call())


def test_both_clients_have_the_same_methods() -> None:
    def signatures(client: type) -> dict[str, str]:
        methods = inspect.getmembers(client, inspect.isfunction)
        told = {name: str(inspect.signature(method)) for name, method in methods if not name.startswith("_")}
        return {
            name: signature.replace("Async", "").replace(", None, None]", ", None]")
            for name, signature in told.items()
        }

    assert signatures(ambiance.Client) == signatures(aio.Client)
