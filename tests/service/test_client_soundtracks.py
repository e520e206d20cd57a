"""Soundtracks by both clients from a real server whose composer a test scripts."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from relay import relay

import ambiance
from ambiance import (
    ClipFilter,
    Cue,
    CueReason,
    PassageDecision,
    SoundtrackEnd,
    SoundtrackPart,
    SoundtrackStart,
    SoundtrackWeights,
    Transition,
    aio,
)
from ambiance.errors import (
    AmbianceError,
    DeadlineError,
    InvalidInputError,
    OverloadedError,
    PeerError,
    UnavailableError,
    Violation,
)
from ambiance.match.v1 import soundtrack_pb2 as pb
from soundtracks import TEXT, WAIT_S, FakeComposer

NOBODY = "127.0.0.1:1"

Run = Callable[..., list[SoundtrackPart]]


@pytest.fixture
def fake() -> FakeComposer:
    return FakeComposer()


@pytest.fixture
def target(fake: FakeComposer, serve: Callable[..., Any]) -> str:
    address: str = serve(fake.application()).target
    return address


@pytest.fixture(params=["sync", "asyncio"])
def run(request: pytest.FixtureRequest, target: str) -> Iterator[Run]:
    """Compose with either client; `stop_after` closes the stream after so many parts."""

    def run_sync(text: str, to: str = target, stop_after: int = 99, **asked: Any) -> list[SoundtrackPart]:
        with ambiance.Client(to) as client:
            parts: list[SoundtrackPart] = []
            for part in (composed := client.compose_soundtrack(text, **asked)):
                parts.append(part)
                if len(parts) == stop_after:
                    composed.close()
            return parts

    def run_asyncio(text: str, to: str = target, stop_after: int = 99, **asked: Any) -> list[SoundtrackPart]:
        async def call() -> list[SoundtrackPart]:
            parts: list[SoundtrackPart] = []
            async with (
                aio.Client(to) as client,
                aclosing(client.compose_soundtrack(text, **asked)) as composed,
            ):
                async for part in composed:
                    parts.append(part)
                    if len(parts) == stop_after:
                        break
            return parts

        return asyncio.run(call())

    return run_sync if request.param == "sync" else run_asyncio


def test_the_parts_come_in_order(run: Run) -> None:
    start, first, second, third, end = run(TEXT)
    assert isinstance(start, SoundtrackStart)
    assert (start.word_count, start.model.version, start.index.version) == (16, 5, 7)
    assert isinstance(first, Cue)
    assert first.clip is not None
    assert first.clip.clip.url == "https://youtu.be/ndjLkbP6Y9Y?t=30"
    assert [other.clip.youtube_id for other in first.alternates] == ["a" * 11, "b" * 11]
    assert first.passage.text.model == start.model
    assert TEXT[first.passage.start : first.passage.end] == "It rained <all> night & nobody came. "
    assert first.passage.curve[0].vad.arousal == pytest.approx(0.3)
    assert (first.transition, first.reason, first.why) == (Transition.FADE, CueReason.NEAREST, "reason <0>")
    assert isinstance(second, Cue)
    assert second.clip is not None
    assert second.clip.clip.metadata.title == "Storm, <no. 1>"
    assert second.transition is Transition.CUT
    assert isinstance(third, Cue)
    assert (third.clip, third.alternates, third.reason) == (None, (), CueReason.SILENT)
    assert end == SoundtrackEnd(3, 45.0, None, 0)


def test_everything_that_is_asked_for_is_sent(run: Run, fake: FakeComposer) -> None:
    run(
        "joy",
        k=12,
        index="own",
        seed=3,
        filter=ClipFilter(labels=["Piano"]),
        max_per_artist=2,
        space="vad",
        words_per_minute=300,
        allow_vocals=True,
        intensity=0.0,
        first_mood="sad",
        last_mood="happy",
        min_passage_seconds=30,
        max_passage_seconds=90.5,
        no_repeat_cues=4,
        max_clips_per_video=1,
        weights=SoundtrackWeights(fit=2, staying=0),
        decisions=[PassageDecision(0, 10, "a@1"), PassageDecision(10, 20, None)],
    )
    [request] = fake.requests
    options = {"k": 12, "index": "own", "seed": 3, "filter": {"labels": ["Piano"]}, "max_per_artist": 2}
    assert request == pb.ComposeSoundtrackRequest(
        text="joy",
        options=options,
        space="vad",
        words_per_minute=300,
        allow_vocals=True,
        intensity=0.0,
        first_mood="sad",
        last_mood="happy",
        min_passage_seconds=30,
        max_passage_seconds=90.5,
        no_repeat_cues=4,
        max_clips_per_video=1,
        weights={"fit": 2, "staying": 0},
        decisions=[{"start": 0, "end": 10, "clip_id": "a@1"}, {"start": 10, "end": 20, "silent": True}],
    )
    run("joy")
    assert fake.requests[1] == pb.ComposeSoundtrackRequest(text="joy", options={})
    assert not fake.requests[1].HasField("intensity")


@pytest.mark.parametrize(
    ("asked", "offence"),
    [
        ({"words_per_minute": 2.5}, "words_per_minute: an integer, got float"),
        ({"words_per_minute": 2**40}, "words_per_minute: 60 to 1,000, got 1,099,511,627,776"),
        ({"intensity": "loud"}, "intensity: a number, got str"),
        ({"allow_vocals": 1}, "allow_vocals: True or False, got int"),
        ({"first_mood": None}, "first_mood: a text, got NoneType"),
        ({"weights": {"fit": 1}}, "weights: SoundtrackWeights, got dict"),
        ({"weights": SoundtrackWeights(variety="x")}, "weights.variety: a number, got str"),  # type: ignore[arg-type]
        ({"decisions": PassageDecision(0, 1, None)}, "decisions: a list of decisions, got a single decision"),
        ({"decisions": [(0, 1, None)]}, "decisions[0]: a PassageDecision, got tuple"),
        (
            {"decisions": [PassageDecision(0, 2**31, "a")]},
            "decisions[0].end: 0 to 4,000,000, got 2,147,483,648",
        ),
        ({"filter": "rock"}, "filter: a ClipFilter, got str"),
        ({"deadline_s": 0}, "deadline_s: a number of seconds above 0, at most 86,400, got 0"),
    ],
)
def test_what_cant_be_sent_is_refused_before_any_call(
    fake: FakeComposer, target: str, asked: dict[str, Any], offence: str
) -> None:
    with ambiance.Client(target) as client, pytest.raises(InvalidInputError) as caught:
        client.compose_soundtrack("joy", **asked)
    assert str(caught.value) == offence
    with pytest.raises(InvalidInputError, match=r"^text: lone surrogate"):
        aio.Client(target).compose_soundtrack("a\ud83d")
    with pytest.raises(TypeError, match="no option of a search is called tempo"):
        aio.Client(target).compose_soundtrack("a", tempo=3)  # type: ignore[call-arg]
    assert not fake.requests


def test_a_refusal_is_waited_out_before_the_first_part(run: Run, fake: FakeComposer) -> None:
    fake.errors = [OverloadedError("all 64 permits are taken", 0.05) for _ in range(2)]
    assert len(run(TEXT)) == 5
    assert len(fake.requests) == 3


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (OverloadedError("all permits are taken", 0.01), "gateway at {target}: all permits are taken"),
        (UnavailableError("text service: down"), "gateway at {target}: text service: down"),
        (InvalidInputError([Violation("options.filter.moods[0]", "unknown")]), "filter.moods[0]: unknown"),
    ],
)
def test_an_error_after_a_part_is_told_at_once(
    run: Run, fake: FakeComposer, target: str, raised: AmbianceError, told: str
) -> None:
    fake.errors, fake.errors_after = [raised], 2
    with pytest.raises(type(raised)) as caught:
        run(TEXT)
    assert str(caught.value) == told.format(target=target)
    assert len(fake.requests) == 1


def test_a_connection_that_breaks_before_the_first_part_is_mended(
    run: Run, fake: FakeComposer, target: str
) -> None:
    with relay(target) as between:
        fake.before_part = lambda i: between.drop() if i == 0 and len(fake.requests) == 1 else None
        assert len(run(TEXT, to=between.target)) == 5
    assert len(fake.requests) == 2


def test_a_stream_that_ends_before_its_end_is_a_failure(run: Run, fake: FakeComposer) -> None:
    fake.parts = fake.parts[:3]
    with pytest.raises(PeerError, match=r"^gateway: the soundtrack broke off before its end$"):
        run(TEXT)


def test_a_part_of_a_newer_service_is_passed_over(run: Run, fake: FakeComposer) -> None:
    fake.parts = [*fake.parts[:2], pb.ComposeSoundtrackResponse(), *fake.parts[4:]]
    assert [type(part) for part in run(TEXT)] == [SoundtrackStart, Cue, SoundtrackEnd]


def test_closing_the_stream_ends_the_work(run: Run, fake: FakeComposer) -> None:
    fake.before_part = lambda i: None if i < 3 else fake.ended.wait(WAIT_S) and None
    assert len(run(TEXT, stop_after=2)) == 2
    assert fake.ended.wait(WAIT_S)


def test_parts_come_before_the_rest_is_composed(run: Run, fake: FakeComposer) -> None:
    go_on = threading.Event()
    fake.before_part = lambda i: None if i < 2 else go_on.wait(WAIT_S) and None
    try:
        assert len(run(TEXT, stop_after=2)) == 2
    finally:
        go_on.set()


def test_a_deadline_is_that_of_the_whole_stream(run: Run, fake: FakeComposer) -> None:
    fake.before_part = lambda i: None if i < 2 else fake.ended.wait(WAIT_S) and None
    with pytest.raises(DeadlineError, match=r"^gateway at \S+: no answer in time$"):
        run(TEXT, deadline_s=0.3)


def test_nobody_there_is_unavailable(run: Run) -> None:
    with pytest.raises(UnavailableError, match=f"^gateway at {NOBODY}: "):
        run(TEXT, to=NOBODY)


def test_a_client_closed_in_the_midst_says_so(target: str, fake: FakeComposer) -> None:
    fake.before_part = lambda i: None if i < 2 else fake.ended.wait(WAIT_S) and None
    client = ambiance.Client(target)
    composed = client.compose_soundtrack(TEXT)
    next(composed)
    threading.Timer(0.05, client.close).start()
    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        list(composed)
    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        next(client.compose_soundtrack(TEXT))


def test_an_asyncio_client_closed_in_the_midst_says_so(target: str, fake: FakeComposer) -> None:
    fake.before_part = lambda i: None if i < 2 else fake.ended.wait(WAIT_S) and None

    async def close_during_stream() -> None:
        client = aio.Client(target)
        composed = client.compose_soundtrack(TEXT)
        await anext(composed)
        asyncio.get_running_loop().call_later(
            0.05, lambda: closing.append(asyncio.create_task(client.close()))
        )
        async for _ in composed:
            pass

    closing: list[asyncio.Task[None]] = []
    with pytest.raises(UnavailableError, match=r"^client is closed$"):
        asyncio.run(close_during_stream())


def test_a_task_that_is_cancelled_ends_its_stream(target: str, fake: FakeComposer) -> None:
    fake.before_part = lambda i: None if i < 2 else fake.ended.wait(WAIT_S) and None

    async def cancel() -> None:
        async with aio.Client(target) as client:
            parts = client.compose_soundtrack(TEXT)
            async with asyncio.timeout(0.2), aclosing(parts):
                async for _ in parts:
                    pass

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())
    assert fake.ended.wait(WAIT_S)
