"""What is a burst, whose calls queue, and what an overload, whose calls are refused; by a clock of ours."""

import pytest

from ambiance.server.admission_bursts import Bursts

PERMITS, QUEUE, PATIENCE_S = 4, 10, 0.5


class Arrivals:
    """Calls that arrive at times that a test sets, and are answered when it says so."""

    def __init__(self, queue: int = QUEUE) -> None:
        self.now, self.inside = 100.0, 0
        self.bursts = Bursts(PERMITS, queue, PATIENCE_S, lambda: self.now)

    def refused(self, calls: int) -> int:
        """How many of some calls that arrive now are refused."""
        before = self.inside
        for _ in range(calls):
            self.inside += not self.bursts.refuses(self.inside)
        return calls - (self.inside - before)

    def overload(self, seconds: float) -> int:
        """Three calls arrive for each that is answered, a hundred of which are a second; the most inside."""
        most = 0
        for _ in range(round(100 * seconds)):
            self.refused(3)
            most = max(most, self.inside)
            self.now, self.inside = self.now + 0.01, self.inside - 1
        return most


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


def test_a_burst_queues_up_to_the_bound(arrivals: Arrivals) -> None:
    assert arrivals.refused(PERMITS + QUEUE) == 0
    assert arrivals.refused(3) == 3


def test_bursts_with_free_permits_between_them_are_none_too_many(arrivals: Arrivals) -> None:
    for _ in range(20):
        assert arrivals.refused(PERMITS + QUEUE) == 0
        arrivals.now, arrivals.inside = arrivals.now + PATIENCE_S, 0


def test_without_a_queue_the_permits_are_the_bound() -> None:
    arrivals = Arrivals(queue=0)
    assert arrivals.refused(PERMITS + 1) == 1
    arrivals.inside -= 1
    assert arrivals.refused(2) == 1  # a permit that is free is given whatever was before


def test_slow_calls_that_hold_every_permit_are_no_queue(arrivals: Arrivals) -> None:
    arrivals.refused(PERMITS)
    arrivals.now += 100 * PATIENCE_S
    assert arrivals.refused(QUEUE) == 0


def test_a_large_burst_on_a_slow_machine_is_no_overload_for_few_more_calls(arrivals: Arrivals) -> None:
    arrivals.refused(PERMITS + QUEUE)
    while arrivals.inside > PERMITS:
        arrivals.now, arrivals.inside = arrivals.now + 2 * PATIENCE_S, arrivals.inside - 2
        assert arrivals.refused(1) == 0


def test_a_queue_that_lasts_too_long_is_closed_until_it_is_gone(arrivals: Arrivals) -> None:
    arrivals.refused(PERMITS + 2)
    arrivals.now += 1.01 * PATIENCE_S
    assert arrivals.refused(1) == 1  # far from the bound
    arrivals.inside = PERMITS
    assert arrivals.refused(1) == 1
    arrivals.inside = PERMITS - 1
    assert arrivals.refused(2) == 1


@pytest.mark.parametrize("queue", [QUEUE, 1_000_000])
def test_in_an_overload_no_more_than_the_permits_are_filled(queue: int) -> None:
    arrivals = Arrivals(queue)
    arrivals.overload(seconds=1.1 * PATIENCE_S)
    arrivals.overload(seconds=2.5 * PATIENCE_S)  # those who queued before it was known to be one leave
    assert arrivals.overload(seconds=60) == PERMITS


def test_a_moment_with_free_permits_does_not_end_an_overload(arrivals: Arrivals) -> None:
    arrivals.refused(PERMITS + QUEUE + 1)
    for _ in range(20):
        arrivals.inside = 0
        assert arrivals.refused(PERMITS + 1) == 1
        arrivals.now += 0.9 * PATIENCE_S


def test_a_while_without_refusals_ends_an_overload(arrivals: Arrivals) -> None:
    arrivals.refused(PERMITS + QUEUE + 1)
    arrivals.now, arrivals.inside = arrivals.now + PATIENCE_S, 0
    assert arrivals.refused(PERMITS + QUEUE) == 0
