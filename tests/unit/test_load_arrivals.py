"""When the calls of an open loop are due."""

import numpy as np

from load.arrivals import Plan, due_times


def test_constant_arrivals_are_evenly_spaced_over_warm_up_and_measured_time() -> None:
    due = due_times(Plan(rate=50, warm_up_s=1, duration_s=3))
    assert len(due) == 200
    assert due[0] == 0
    np.testing.assert_allclose(np.diff(due), 0.02)
    assert due[-1] < 4


def test_a_rate_below_one_call_a_second() -> None:
    np.testing.assert_allclose(due_times(Plan(rate=0.5, warm_up_s=0, duration_s=6)), [0, 2, 4])


def test_poisson_arrivals_have_the_rate_and_exponential_gaps() -> None:
    due = due_times(Plan(rate=1000, warm_up_s=0, duration_s=100, arrivals="poisson", seed=3))
    gaps = np.diff(due)
    assert (gaps >= 0).all()
    assert due[0] >= 0
    assert due[-1] < 100
    assert abs(len(due) - 100_000) < 5 * np.sqrt(100_000)
    assert abs(gaps.std() / gaps.mean() - 1) < 0.02  # as an exponential distribution has it
    assert abs((gaps > gaps.mean()).mean() - np.exp(-1)) < 0.01


def test_poisson_arrivals_follow_their_seed() -> None:
    plans = [Plan(100, 0, 5, "poisson", seed) for seed in (1, 1, 2)]
    first, again, other = map(due_times, plans)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
