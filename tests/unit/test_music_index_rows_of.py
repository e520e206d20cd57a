"""music_index_service: many ids are looked up at once as each would be alone."""

import numpy as np
import pytest

from live_models import clips, model
from music_index_service.live.own_catalog import Written, memory_segment

IDS = ["a", "ab", "b-1", "b-10", "b-2", "é", "𝄞", "\uffee", *(f"clip-{i:04d}" for i in range(0, 2_000, 2))]


@pytest.fixture(scope="module")
def segment():
    built = model()
    return memory_segment([Written(clip, 1) for clip in clips(IDS, 3)], built, built.alone)


@pytest.mark.parametrize("count", [1, 15, 16, 1_500])
def test_rows_are_those_that_each_id_has_alone(segment, count):
    asked = [*IDS, *(f"clip-{i:04d}" for i in range(1, 2_000, 2)), "", "zzz", "\U0010ffff", "A"]
    asked = [asked[i] for i in np.random.default_rng(count).permutation(len(asked))[:count]]
    alone = [segment.catalog.row_of(each) for each in asked]
    assert segment.catalog.rows_of(asked).tolist() == [-1 if row is None else row for row in alone]


def test_no_id_has_no_row(segment):
    assert segment.catalog.rows_of([]).tolist() == []


def test_what_is_dead_is_counted_from_write_to_write(segment):
    rng, left = np.random.default_rng(0), segment
    for _ in range(5):
        left = left.without(rng.choice(len(IDS), 50, replace=False))
        listenable = left.filters.listenable
        assert len(left) == np.count_nonzero(~left.dead)
        assert left.count(listenable.met) == len(left)
        assert left.count(listenable.rows) == np.count_nonzero(~left.dead[listenable.rows.rows])
    assert segment.dead is None
