"""Draws are reproducible to the clip, favour the near ones, and leave none out for good."""

import numpy as np
import pytest

from music_index_service.searching.sampling import candidate_count, draw

EVEN = np.linspace(0, 1, 50, dtype=np.float32)[None]


def test_candidates_are_five_for_each_hit_and_at_least_50() -> None:
    assert [candidate_count(k) for k in (1, 10, 11, 1_000)] == [50, 50, 55, 5_000]


def test_a_draw_is_the_same_wherever_it_is_made() -> None:
    assert draw(EVEN, 5, 1).tolist() == [[1, 3, 23, 24, 29]]
    assert draw(EVEN, 5, 2**64 - 1).tolist() == [[0, 1, 3, 8, 12]]


def test_columns_differ_and_ascend() -> None:
    for seed in range(1, 50):
        [columns] = draw(EVEN, 10, seed).tolist()
        assert columns == sorted(set(columns))
        assert len(columns) == 10


def test_the_chance_falls_by_e_for_each_standard_deviation() -> None:
    distances = np.array([[0, 1]], np.float32)  # two standard deviations apart
    first = np.mean([draw(distances, 1, seed)[0, 0] == 0 for seed in range(1, 4_001)])
    assert first == pytest.approx(np.e**2 / (1 + np.e**2), abs=0.02)


def test_the_scale_of_distances_does_not_matter() -> None:
    for seed in range(1, 20):
        assert draw(EVEN, 5, seed).tolist() == draw(EVEN * 1024 + 3, 5, seed).tolist()


def test_equal_distances_are_equally_likely() -> None:
    equal = np.full((1, 50), 0.25, np.float32)
    counts = np.zeros(50)
    for seed in range(1, 2_001):
        counts[draw(equal, 5, seed)[0]] += 1
    assert counts.sum() == 10_000
    assert counts.min() > 140
    assert counts.max() < 260


def test_queries_are_drawn_for_alike() -> None:
    both = draw(np.concatenate([EVEN, EVEN[:, ::-1] * 0]), 5, 3)
    assert both[:1].tolist() == draw(EVEN, 5, 3).tolist()


def test_all_candidates_are_drawn_if_there_are_not_more() -> None:
    assert draw(EVEN[:, :4], 9, 1).tolist() == [[0, 1, 2, 3]]
