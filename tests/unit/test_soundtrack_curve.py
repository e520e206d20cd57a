"""The mood along a text: its peaks, and a line of it."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from ambiance.commands.output.soundtrack.curve import (
    MAX_PEAKS,
    MAX_POINTS,
    Point,
    bounds,
    peaks,
    points,
    sparkline,
)
from ambiance.commands.output.soundtrack.whole import clock, collected
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.reading import Reading
from ambiance.soundtrack_results import Cue
from ambiance.wire.soundtrack_calls import Parts
from soundtracks import TEXT, three_cues


@pytest.fixture(scope="module")
def cue() -> Cue:
    parts = Parts()
    [found] = [part for message in three_cues()[:2] if isinstance(part := parts.read(message), Cue)]
    return found


def curve_of(cue: Cue, arousal: Callable[[float], float], count: int = 200) -> list[Point]:
    """Sentences at even steps whose arousal is a function of the place, at a valence that stays."""
    return [Point(i / count, 60.0 * i, 0.5, arousal(i / count), cue) for i in range(count)]


def test_peaks_are_the_extremes_in_the_order_of_the_text(cue: Cue) -> None:
    curve = curve_of(cue, lambda place: 0.5 + 0.3 * math.sin(2 * math.pi * place * 2))
    found = peaks(curve)
    assert [round(peak.point.place, 2) for peak in found] == [0.12, 0.38, 0.62, 0.88]
    assert {(peak.axis, peak.label) for peak in found} == {("arousal", "grief")}
    assert bounds(curve) == pytest.approx((0.12, 0.88), abs=0.001)


def test_a_flat_text_has_no_peaks_and_a_restless_one_not_too_many(cue: Cue) -> None:
    assert peaks(curve_of(cue, lambda _: 0.4)) == []
    assert peaks([]) == []
    assert len(peaks(curve_of(cue, lambda place: (place * 7919) % 1))) == MAX_PEAKS


@pytest.mark.parametrize("count", [1, 3, 5_000])
def test_a_line_is_as_wide_as_it_is_to_be_however_many_sentences_there_are(cue: Cue, count: int) -> None:
    line = sparkline(curve_of(cue, lambda place: place, count), "arousal", 40)
    assert len(line) == len("arousal  ") + 40 + len(" 0.00–0.00")
    if count > 1:
        assert line[9] == "▁"
        assert line[48] == "█"
    assert "▁" * 40 in sparkline(curve_of(cue, lambda _: 0.7), "arousal", 40)


def test_points_lie_where_their_sentences_are_read() -> None:
    messages = three_cues()
    messages[2].cue.passage.curve.add(start=messages[2].cue.passage.end - 1)
    parts = Parts()
    read: list[Any] = [parts.read(message) for message in messages]
    advanced: list[int] = []
    soundtrack = collected(Reading("t", TEXT), read, advanced.append)
    assert advanced == [cue.passage.end for cue in soundtrack.cues]
    assert [round(point.seconds) for point in points(soundtrack)] == [0, 15, 30, 30]


def test_a_long_text_is_drawn_by_no_more_points_than_can_be_told_apart() -> None:
    messages = three_cues()
    passage = messages[1].cue.passage
    passage.ClearField("curve")
    moods = [{"start": 0, "vad": {"valence": 0.25, "arousal": i % 2}} for i in range(MAX_POINTS * 2)]
    passage.curve.extend(pb.MoodPoint(**mood) for mood in moods)
    parts = Parts()
    curve = points(collected(Reading("t", TEXT), filter(None, map(parts.read, messages)), lambda _: None))
    assert MAX_POINTS / 2 < len(curve) <= MAX_POINTS
    assert curve[0][:4] == pytest.approx((0, 0, 0.25, 1 / 3))


def test_a_time_is_written_as_players_do() -> None:
    assert list(map(clock, (0, 59.9, 61, 3600, 36_125))) == ["0:00", "0:59", "1:01", "1:00:00", "10:02:05"]


def test_a_part_that_nobody_knows_is_none() -> None:
    assert Parts().read(pb.ComposeSoundtrackResponse()) is None
