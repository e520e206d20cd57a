"""The figures of one step, from what its senders noted."""

import numpy as np
import pytest

from load.arrivals import Plan
from load.histograms import decoded, encoded, histogram_of, percentiles_ms
from load.jobs import LOST, OK, OUTCOMES, SHED, SKIPPED, Samples
from load.step import step_of

START = 1000.0
Row = tuple[float, float | None, float | None, str]  # due, sent, done after the start, and the outcome


def samples_of(rows: list[Row], cpu_s: float = 0.0, wall_s: float = 0.0) -> Samples:
    times = [[START + (np.nan if at is None else at) for at in row[:3]] for row in rows]
    outcomes = np.array([OUTCOMES.index(row[3]) for row in rows], dtype=np.int8)
    return Samples(np.array(times), outcomes, cpu_s=cpu_s, wall_s=wall_s)


def test_percentiles_agree_with_the_values_within_three_digits() -> None:
    seconds = np.random.default_rng(1).lognormal(-5, 1, 20_000)
    found = percentiles_ms(histogram_of(seconds))
    for name, quantile in (("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100)):
        assert found[name] == pytest.approx(np.percentile(seconds, quantile) * 1e3, rel=3e-3)


def test_a_percentile_that_too_few_calls_show_is_left_out() -> None:
    assert set(percentiles_ms(histogram_of(np.full(99, 0.001)))) == {"p50", "p90", "max"}
    assert set(percentiles_ms(histogram_of(np.full(100, 0.001)))) == {"p50", "p90", "p99", "max"}
    assert percentiles_ms(histogram_of(np.array([]))) == {}


def test_a_histogram_survives_its_encoding() -> None:
    histogram = histogram_of(np.array([0.0004, 0.002, 0.002, 1.5]))
    again = decoded(encoded(histogram))
    assert again.get_total_count() == 4
    assert percentiles_ms(again) == percentiles_ms(histogram)


def test_latency_counts_from_when_a_call_was_due_not_from_when_it_was_sent() -> None:
    # the sender was held back for 80 ms; each call then took 1 ms
    rows: list[Row] = [(i / 100, 0.08, 0.081, OK) for i in range(8)]
    step = step_of(Plan(100, 0, 0.08), START, samples_of(rows))
    assert step.latency_ms["max"] == pytest.approx(81, rel=2e-3)
    assert step.latency_ms["p50"] > 40
    assert step.lateness_ms["max"] == pytest.approx(80, rel=2e-3)
    assert step.late_count == 8


def test_warm_up_does_not_count() -> None:
    rows: list[Row] = [(0.5, 0.5, 0.9, "UNAVAILABLE"), (0.9, 0.9, 0.99, OK), (1.5, 1.5, 1.501, OK)]
    step = step_of(Plan(1, 1, 2), START, samples_of(rows))
    assert step.outcomes == {OK: 1}
    assert step.offered_per_s == 0.5
    assert step.latency_ms["max"] == pytest.approx(1, rel=2e-3)
    assert step.error_rate == 0


def test_achieved_is_what_was_answered_within_the_measured_time() -> None:
    rows: list[Row] = [
        (0.9, 0.9, 1.2, OK),  # of the warm-up, answered within: a server with a backlog does that all along
        (1.5, 1.5, 2.0, OK),
        (2.9, 2.9, 3.1, OK),  # answered after the end
        (2.0, 2.0, 2.1, SHED),
    ]
    step = step_of(Plan(1, 1, 2), START, samples_of(rows))
    assert step.achieved_per_s == 1.0
    assert step.outcomes == {OK: 2, SHED: 1}


def test_every_call_that_was_not_answered_is_an_error_by_its_name() -> None:
    rows: list[Row] = [
        (0.0, 0.0, 0.1, OK),
        (0.1, 0.1, 0.2, SHED),
        (0.2, None, None, SKIPPED),
        (0.3, None, None, LOST),
        (0.4, 0.4, 0.9, "DEADLINE_EXCEEDED"),
    ]
    step = step_of(Plan(5, 0, 1), START, samples_of(rows))
    assert step.outcomes == {OK: 1, SHED: 1, SKIPPED: 1, LOST: 1, "DEADLINE_EXCEEDED": 1}
    assert step.error_rate == 0.8
    assert decoded(step.latency_histogram).get_total_count() == 1  # failures have no latency
    assert decoded(step.lateness_histogram).get_total_count() == 3  # nor have calls that weren't sent


def test_a_step_without_an_answer() -> None:
    step = step_of(Plan(1, 0, 1), START, samples_of([(0.0, None, None, SKIPPED)]))
    assert step.latency_ms == {}
    assert step.error_rate == 1
    assert step.achieved_per_s == 0


def test_the_senders_share_of_a_core() -> None:
    step = step_of(Plan(1, 0, 1), START, samples_of([(0.0, 0.0, 0.1, OK)], cpu_s=0.5, wall_s=2.0))
    assert step.generator_cpu == 0.25


def test_samples_of_several_senders_are_joined() -> None:
    one = Samples(np.zeros((2, 3)), np.zeros(2, np.int8), (b"a",), (b"x",), 1.0, 2.0)
    two = Samples(np.ones((1, 3)), np.ones(1, np.int8), (b"b",), (), 0.5, 2.0)
    joined = Samples.joined([one, two])
    assert joined.times.shape == (3, 3)
    assert joined.outcomes.tolist() == [0, 0, 1]
    assert (joined.replies, joined.refusals) == ((b"a", b"b"), (b"x",))
    assert (joined.cpu_s, joined.wall_s) == (1.5, 4.0)
