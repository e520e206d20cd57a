"""Change points: the least sum over all ways to cut, and where the mood changes."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.soundtrack.change_points import PASSAGE_PRICE, SHARES, End, Lengths, Line, passage_ends
from gateway.soundtrack.sentences import Break

SENTENCE_S = 5.0
FREE = Lengths(SENTENCE_S, 1_000.0, 20_000)


def line(points: Sequence[Sequence[float]], weights: Sequence[float], breaks: Sequence[Break] = ()) -> Line:
    count = len(points)
    return Line(
        np.array(points, np.float64),
        np.array(weights, np.float64),
        np.full(count, SENTENCE_S),
        np.full(count, 80),
        [*breaks, *[Break.NONE] * (count - len(breaks))],
    )


def cost(of: Line, ends: Sequence[int]) -> float:
    """What passages cost, by the definition."""
    total = 0.0
    for start, end in zip([0, *ends], ends, strict=False):
        points, weights = of.points[start:end], of.weights[start:end]
        mean = weights @ points / max(weights.sum(), 1e-9)
        total += float((weights * ((points - mean) ** 2).sum(axis=1)).sum())
        total += PASSAGE_PRICE * SHARES[of.breaks[start]] if start else 0.0
    return total


def cuts(count: int) -> Iterator[list[int]]:
    for parts in range(count):
        for inner in combinations(range(1, count), parts):
            yield [*inner, count]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.tuples(st.floats(-2, 2), st.floats(-2, 2)), st.floats(0, 1), st.sampled_from(list(Break))
        ),
        min_size=1,
        max_size=7,
    )
)
def test_no_other_passages_cost_less(sentences: list[tuple[tuple[float, float], float, Break]]) -> None:
    points, weights, breaks = zip(*sentences, strict=True)
    of = line(points, weights, breaks)
    ends = passage_ends(of, FREE, End.TEXT)
    assert cost(of, ends) == pytest.approx(min(cost(of, each) for each in cuts(len(points))), abs=1e-6)


JOY, GRIEF = (1.0, 0.0), (0.0, 1.0)


def test_a_passage_ends_where_the_mood_changes() -> None:
    assert passage_ends(line([JOY] * 6 + [GRIEF] * 6, [1.0] * 12), FREE, End.TEXT) == [6, 12]


def test_sentences_that_tell_of_nothing_belong_to_the_scene() -> None:
    points = [JOY] * 4 + [GRIEF] + [JOY] * 4 + [GRIEF] * 6
    weights = [1.0] * 4 + [0.0] + [1.0] * 10
    assert passage_ends(line(points, weights), FREE, End.TEXT) == [9, 15]


def test_one_sentence_of_another_mood_makes_no_passage() -> None:
    points = [JOY] * 6 + [GRIEF] + [JOY] * 6
    assert passage_ends(line(points, [1.0] * 13), FREE, End.TEXT) == [13]


def test_a_story_changes_where_it_pauses() -> None:
    between = [(0.5, 0.5)] * 3
    points = [JOY] * 5 + between + [GRIEF] * 5
    for at in (5, 6, 7, 8):
        breaks = [Break.NONE] * at + [Break.CHAPTER]
        assert passage_ends(line(points, [1.0] * 13, breaks), FREE, End.TEXT) == [at, 13]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=60), st.sampled_from(End))
def test_lengths_are_kept(points: list[tuple[float, float]], end: End) -> None:
    lengths = Lengths(4 * SENTENCE_S, 8 * SENTENCE_S, 20_000)
    ends = passage_ends(line(points, [1.0] * len(points)), lengths, end)
    counts = np.diff([0, *ends])
    assert ends[-1] == len(points)
    assert counts.max() <= 8
    assert all(count >= 4 for count in counts[:-1])


def test_a_passage_is_no_longer_than_what_is_read_at_once() -> None:
    of = line([JOY] * 30, [1.0] * 30)
    assert np.diff([0, *passage_ends(of, Lengths(0.1, 1e6, 800), End.TEXT)]).max() == 10


def test_a_sentence_longer_than_any_passage_stands_by_itself() -> None:
    of = line([JOY] * 9, [1.0] * 9)
    of.seconds[4] = 100.0
    assert passage_ends(of, Lengths(10.0, 30.0, 20_000), End.TEXT) == [4, 5, 9]


def test_only_the_texts_last_passage_is_short_for_its_mood() -> None:
    of, lengths = line([JOY] * 8 + [GRIEF] * 3, [1.0] * 11), Lengths(4 * SENTENCE_S, 1_000.0, 20_000)
    assert passage_ends(of, lengths, End.TEXT) == [8, 11]
    assert passage_ends(of, lengths, End.DECISION) == [7, 11]
    assert passage_ends(line([JOY] * 3, [1.0] * 3), lengths, End.DECISION) == [3]
