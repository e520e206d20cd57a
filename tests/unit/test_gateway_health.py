"""When the gateway counts as serving, with both services faked."""

import logging
import threading
from collections.abc import Mapping, Sequence

import pytest

from ambiance.errors import AmbianceError, DeadlineError, OverloadedError, UnavailableError
from ambiance.type.v1.space_pb2 import Space
from gateway.health import HealthWatch

WAIT_S = 10.0
INTERVAL_S = 0.01


class FakePeer:
    """A service whose state a test sets."""

    def __init__(self, name: str, lineage: str = "vad-1") -> None:
        self.name = name
        self.held = [Space(name="vad", dimension=3, lineage=lineage)]
        self.others: dict[str, list[Space]] = {}
        self.error: AmbianceError | None = None
        self.busy: AmbianceError | None = None

    def require_serving(self, timeout_s: float) -> None:
        if self.error is not None:
            raise self.error

    def spaces(self, timeout_s: float) -> Sequence[Space]:
        if self.busy is not None:
            raise self.busy
        return self.held

    def indexes(self, timeout_s: float) -> Mapping[str, Sequence[Space]]:
        return {"default": self.spaces(timeout_s), **self.others}


class Recorder:
    """Keeps what is reported and lets a test wait for it."""

    def __init__(self) -> None:
        self.reports: list[bool] = []
        self._news = threading.Condition()

    def report(self, *, serving: bool) -> None:
        with self._news:
            self.reports.append(serving)
            self._news.notify_all()

    def wait_for(self, reports: list[bool]) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.reports == reports, WAIT_S), self.reports


@pytest.fixture
def text() -> FakePeer:
    return FakePeer("text service")


@pytest.fixture
def music() -> FakePeer:
    return FakePeer("music index service")


def test_serves_when_both_serve_the_space_with_one_lineage(text: FakePeer, music: FakePeer) -> None:
    assert HealthWatch(text, music, "vad", INTERVAL_S).look() is None


def test_a_service_that_is_down_is_the_reason(text: FakePeer, music: FakePeer) -> None:
    music.error = UnavailableError("music index service doesn't answer at localhost:1")
    assert HealthWatch(text, music, "vad", INTERVAL_S).look() == str(music.error)


def test_different_lineages_are_the_reason_and_both_are_named(text: FakePeer, music: FakePeer) -> None:
    music.held = [Space(name="vad", dimension=3, lineage="vad-2")]
    reason = HealthWatch(text, music, "vad", INTERVAL_S).look()
    assert reason == (
        "lineages of space 'vad' differ: vad-1 in the text service, vad-2 in the music index service"
    )


def test_vad_is_compared_whatever_the_space(text: FakePeer, music: FakePeer) -> None:
    for peer in (text, music):
        peer.held.append(Space(name="mood", dimension=2, lineage="mood-1"))
    watch = HealthWatch(text, music, "mood", INTERVAL_S)
    assert watch.look() is None
    music.held[0].lineage = "vad-2"
    assert watch.look() == (
        "lineages of space 'vad' differ: vad-1 in the text service, vad-2 in the music index service"
    )
    del music.held[0]  # without vectors of VAD there is no frame to compare
    assert watch.look() is None


def test_texts_of_a_lineage_that_the_index_still_answers_in_are_no_reason(
    text: FakePeer, music: FakePeer
) -> None:
    music.held = [Space(name="vad", dimension=3, lineage=lineage) for lineage in ("vad-2", "vad-1")]
    assert HealthWatch(text, music, "vad", INTERVAL_S).look() is None
    text.held[0].lineage = "vad-0"
    assert HealthWatch(text, music, "vad", INTERVAL_S).look() == (
        "lineages of space 'vad' differ: vad-0 in the text service, "
        "vad-2 and vad-1 in the music index service"
    )


def test_another_index_of_another_lineage_is_named_once_and_no_reason(
    text: FakePeer, music: FakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    music.others["mine"] = [Space(name="vad", dimension=3, lineage="vad-2")]
    watch = HealthWatch(text, music, "vad", INTERVAL_S)
    assert [watch.look(), watch.look()] == [None, None]
    [told] = caplog.records
    assert told.__dict__["reason"] == (
        "lineages of space 'vad' differ: vad-1 in the text service, "
        "vad-2 in the index mine of the music index service"
    )


def test_a_space_that_one_side_lacks_is_the_reason(text: FakePeer, music: FakePeer) -> None:
    reason = HealthWatch(text, music, "mood", INTERVAL_S).look()
    assert reason == "text service holds ['vad'], not 'mood'"


def test_reports_and_logs_transitions_only(
    text: FakePeer, music: FakePeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.health")
    recorder = Recorder()
    watch = HealthWatch(text, music, "vad", INTERVAL_S)
    watch.start(recorder)
    recorder.wait_for([True])
    text.error = UnavailableError("text service doesn't answer at localhost:1")
    recorder.wait_for([True, False])
    text.error = None
    recorder.wait_for([True, False, True])
    watch.close()
    assert [record.getMessage() for record in caplog.records] == ["serving", "not serving", "serving"]
    assert caplog.records[1].__dict__["reason"] == "text service doesn't answer at localhost:1"


@pytest.mark.parametrize(
    "busy",
    [OverloadedError("all 64 permits are taken", 0.1), DeadlineError("text service: no answer in time")],
)
def test_a_service_too_busy_to_describe_itself_changes_nothing(
    text: FakePeer, music: FakePeer, busy: AmbianceError
) -> None:
    recorder = Recorder()
    watch = HealthWatch(text, music, "vad", INTERVAL_S)
    watch.start(recorder)
    recorder.wait_for([True])
    music.busy = busy
    assert watch.look() is None
    watch.close()
    assert recorder.reports == [True]


def test_closing_ends_the_thread(text: FakePeer, music: FakePeer) -> None:
    watch = HealthWatch(text, music, "vad", INTERVAL_S)
    watch.start(Recorder())
    watch.close()
    assert "health" not in {thread.name for thread in threading.enumerate()}
