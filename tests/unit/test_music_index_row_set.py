"""music_index_service.row_set: what a filter lets through, and what is kept with it."""

import numpy as np
import pytest

from music_index_service.row_set import RowSet


def test_says_its_rows_and_their_bits() -> None:
    rows = RowSet(np.array([0, 3, 8]), 10)
    assert (len(rows), rows.size) == (3, 10)
    assert rows.bitmap.tolist() == [0b1001, 0b1]
    assert RowSet.of_mask(np.array([True, False, True])).rows.tolist() == [0, 2]
    assert len(RowSet.of_mask(np.zeros(3, np.bool_))) == 0


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
    assert rows.bitmap.nbytes == 2
    assert rows.nbytes == 32 + 20 + 2
