"""music_index_service.filtering.row_set: what a filter lets through, and what is kept with it."""

import numpy as np
import pytest

from music_index_service.filtering import row_set
from music_index_service.filtering.row_set import RowSet


def test_says_its_rows() -> None:
    rows = RowSet(np.array([0, 3, 8]), 10)
    assert (len(rows), rows.size) == (3, 10)
    assert rows.rows.tolist() == [0, 3, 8]
    assert RowSet.of_mask(np.array([True, False, True])).rows.tolist() == [0, 2]
    assert len(RowSet.of_mask(np.zeros(3, np.bool_))) == 0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 1.0])
def test_many_rows_are_held_in_a_bit_each_and_few_as_a_list(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_set, "_MAX_LISTED", 10)
    mask = np.random.default_rng(0).random(8_001) < share
    rows = RowSet.of_mask(mask)
    assert rows.rows.dtype == np.int64
    assert rows.rows.tolist() == mask.nonzero()[0].tolist()
    assert len(rows) == mask.sum()
    assert rows.nbytes == min(8 * len(rows), 1_001)


@pytest.mark.parametrize("rows", [[1, 1], [2, 1], [-1, 2], [0, 10]])
def test_refuses_rows_that_dont_ascend_within_the_index(rows: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^rows: must ascend, differ and lie in 0\.\.9$"):
        RowSet(np.array(rows), 10)


def test_counts_what_is_kept_with_it() -> None:
    rows = RowSet(np.arange(4), 16)
    assert rows.nbytes == 32
    made = [rows.kept("key", lambda: np.zeros(5, np.float32)) for _ in range(2)]
    assert made[0] is made[1]
    assert rows.nbytes == 32 + 20
