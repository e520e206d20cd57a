"""What is known of a medium after asking a real server that behaves well or badly."""

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from ambiance.errors import InvalidInputError
from ambiance.media.asking import Asker, State
from ambiance.media.http_request import NoAnswerError, Requester, retry_after_s
from ambiance.media.medium import Medium, by_medium, medium_of
from ambiance.media.pace import Pace, per_second
from ambiance.results import Clip, ClipMetadata, Vad
from media_server import MediaServer, media_server

VIDEO = "ndjLkbP6Y9Y"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as server:
        yield server


class Clock:
    """A time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asker(clock: Clock) -> Asker:
    return Asker(Requester(0.5), Pace(1.0, clock, clock.sleep))


def clip(youtube_id: str = "", uri: str = "", clip_id: str = "a", *, available: bool = True) -> Clip:
    return Clip(
        clip_id, youtube_id, 0, 0, (), (), (), Vad(0, 0, 0), (), (), True, available, ClipMetadata(uri=uri)
    )


def video(server: MediaServer) -> Medium:
    medium = medium_of(clip(VIDEO), server.oembed)
    assert medium is not None
    return medium


def file(server: MediaServer, path: str = "/a.mp3") -> Medium:
    medium = medium_of(clip(uri=server.url + path))
    assert medium is not None
    return medium


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, State.THERE),
        (400, State.GONE),
        (401, State.GONE),  # not to be embedded
        (403, State.GONE),  # private
        (404, State.GONE),
        (410, State.GONE),
        (451, State.GONE),
        (418, State.UNKNOWN),
        (429, State.UNKNOWN),
        (500, State.UNKNOWN),
        (503, State.UNKNOWN),
        ("slow", State.UNKNOWN),
        ("drip", State.UNKNOWN),
        ("reset", State.UNKNOWN),
        ("junk", State.UNKNOWN),
        (("to", "/elsewhere"), State.GONE),  # where nothing is
        (("to", "ftp://127.0.0.1/a"), State.UNKNOWN),
        (("to", "file:///etc/passwd"), State.UNKNOWN),
    ],
)
@pytest.mark.parametrize("is_video", [True, False])
def test_every_answer_means_one_thing(
    server: MediaServer, asker: Asker, status: object, state: State, is_video: bool
) -> None:
    medium = video(server) if is_video else file(server)
    first = ("GET", VIDEO) if is_video else ("HEAD", "/a.mp3")
    server.script[first[1]] = [status]
    assert asker.ask(medium) is state
    assert server.requests.count(first) == (3 if state is State.UNKNOWN else 1)


def test_a_redirect_is_followed(server: MediaServer, asker: Asker) -> None:
    server.script |= {"/a.mp3": [("to", "/b.mp3")], "/b.mp3": [("to", "/c.mp3")], "/c.mp3": [200]}
    assert asker.ask(file(server)) is State.THERE


def test_a_circle_of_redirects_tells_nothing(server: MediaServer, asker: Asker) -> None:
    server.script |= {"/a.mp3": [("to", "/b.mp3")], "/b.mp3": [("to", "/a.mp3")]}
    assert asker.ask(file(server)) is State.UNKNOWN


@pytest.mark.parametrize("kind", ["no HEAD", "HEAD lies"])
def test_the_first_byte_decides_where_head_is_not_known(server: MediaServer, asker: Asker, kind: str) -> None:
    server.script["/a.mp3"] = [kind]
    assert asker.ask(file(server)) is State.THERE
    assert [method for method, _ in server.requests] == ["HEAD", "GET"]
    assert server.ranges == [None, "bytes=0-0"]


def test_who_is_busy_is_not_asked_twice_at_once(server: MediaServer, asker: Asker, clock: Clock) -> None:
    server.script["/a.mp3"] = [(503, "9"), 200]
    start = clock.now
    assert asker.ask(file(server)) is State.THERE
    assert server.requests == [("HEAD", "/a.mp3")] * 2
    assert clock.now - start == pytest.approx(9)


def test_a_file_that_is_there_is_asked_about_once_and_not_fetched(server: MediaServer, asker: Asker) -> None:
    server.script["/a.mp3"] = [200]
    assert asker.ask(file(server)) is State.THERE
    assert server.requests == [("HEAD", "/a.mp3")]


def test_retry_after_is_kept_to(server: MediaServer, asker: Asker, clock: Clock) -> None:
    server.script[VIDEO] = [(429, "7"), 200]
    start = clock.now
    assert asker.ask(video(server)) is State.THERE
    assert clock.now - start == pytest.approx(7)
    assert len(server.requests) == 2


def test_a_date_to_retry_after_is_understood(server: MediaServer, asker: Asker, clock: Clock) -> None:
    server.script[VIDEO] = [(503, formatdate(time.time() + 60, usegmt=True)), 200]
    start = clock.now
    assert asker.ask(video(server)) is State.THERE
    assert 55 < clock.now - start <= 61


def test_pauses_double_without_it_and_end(server: MediaServer, asker: Asker, clock: Clock) -> None:
    server.script[VIDEO] = [500]
    assert asker.ask(video(server)) is State.UNKNOWN
    assert len(server.requests) == 3
    assert clock.slept == pytest.approx([2, 4])


def test_who_wants_to_be_left_alone_is(server: MediaServer, asker: Asker, clock: Clock) -> None:
    server.script[VIDEO] = [(429, "3600")]
    assert asker.ask(video(server)) is State.UNKNOWN
    assert asker.ask(video(server)) is State.UNKNOWN
    assert (len(server.requests), clock.slept) == (1, [])
    assert list(asker.left_alone.values()) == ["asks to be left alone for 3,600 s"]


def test_a_host_that_never_tells_is_left_alone(server: MediaServer, asker: Asker) -> None:
    server.script |= {f"/{i}": [500] for i in range(9)}
    for i in range(9):
        assert asker.ask(file(server, f"/{i}")) is State.UNKNOWN
    assert len({name for _, name in server.requests}) == 5
    assert list(asker.left_alone.values()) == ["doesn't tell: HTTP status 500"]


def test_nobody_there_is_unknown(asker: Asker) -> None:
    medium = medium_of(clip(uri="http://127.0.0.1:1/a.mp3"))
    assert medium is not None
    assert asker.ask(medium) is State.UNKNOWN


def test_a_request_takes_no_longer_than_it_may(server: MediaServer) -> None:
    server.script["/a"] = ["drip"]
    start = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"no answer within 0\.3 s"):
        Requester(0.3).send("GET", f"{server.url}/a")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "url", ["http://[::1/a", "http://a b/", "http://x\n/", "gopher://x/", "http://\u00e9\u2028/"]
)
def test_what_is_no_url_is_no_answer(url: str) -> None:
    with pytest.raises(NoAnswerError):
        Requester(0.5).send("GET", url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("3", 3),
        ("0.5", 0.5),
        ("-3", 0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after_says_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


def test_the_pace_is_kept(clock: Clock) -> None:
    pace = Pace(4.0, clock, clock.sleep)
    times = []
    for _ in range(5):
        pace.wait()
        times.append(clock.now - 100)
    assert times == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    clock.now += 60  # time that nobody used isn't made up for
    pace.wait()
    pace.wait()
    assert clock.now - 100 == pytest.approx(61.25)


@pytest.mark.parametrize(
    ("text", "rate"), [("1/s", 1), ("2", 2), ("30/min", 0.5), ("360/h", 0.1), (".5/s", 0.5), ("100/s", 100)]
)
def test_rates_are_read(text: str, rate: float) -> None:
    assert per_second(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["0", "0/s", "101/s", "-1", "1/day", "fast", "", "nan", "1e3", "1/s/s"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^--rate: above 0, at most 100/s"):
        per_second(text)


def test_clips_share_a_medium() -> None:
    clips = [
        clip(VIDEO, clip_id="v@0"),
        clip(VIDEO, clip_id="v@10", available=False),
        clip(VIDEO, "http://a.example/x", clip_id="v@20"),  # the video is what is played
        clip(uri="HTTPS://user:secret@B.example:8443/x y.mp3", clip_id="b"),
        clip(uri="file:///x.mp3"),
        clip(uri="http:///x.mp3"),
        clip(uri="http://[x/"),
        clip(),
    ]
    media, others = by_medium(clips, "https://www.youtube.com/oembed")
    [(first, of_first), (second, of_second)] = media.items()
    assert first.url == (
        f"https://www.youtube.com/oembed?url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{VIDEO}&format=json"
    )
    assert (first.host, second.host) == ("www.youtube.com", "b.example:8443")
    assert (of_first.available, of_first.unavailable) == (["v@0", "v@20"], ["v@10"])
    assert (of_second.available, others) == (["b"], 4)
