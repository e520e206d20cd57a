"""How windows are cut to length and gathered in blocks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ambiance.tokenizer import PAD_ID
from text_service.blocks import BLOCK_SIZES, blocks, blocks_by_length, shortest

LENGTHS = np.array([2, 4, 6])


@given(st.integers(0, 1_000))
def test_blocks_cover_every_window_once(count: int) -> None:
    covered = list(blocks(count))
    assert [start for start, _ in covered] == list(np.cumsum([0, *(size for _, size in covered[:-1])]))[
        : len(covered)
    ]
    assert sum(size for _, size in covered) == count
    assert {size for _, size in covered} <= set(BLOCK_SIZES)
    assert all(start < count for start, _ in covered)


@given(st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=5))
def test_the_shortest_length_leaves_out_nothing_but_padding(rows: list[list[int]]) -> None:
    windows = np.array(rows, np.int32)
    for window, length in zip(windows, shortest(windows, LENGTHS), strict=True):
        assert (window[length:] == PAD_ID).all()
        shorter = [each for each in LENGTHS if each < length]
        assert not shorter or (window[shorter[-1] :] != PAD_ID).any() or not window.any()


@given(st.lists(st.sampled_from([2, 4, 6]), max_size=60))
def test_every_window_is_in_one_block_of_its_length(lengths: list[int]) -> None:
    seen: list[int] = []
    for rows, length in blocks_by_length(np.array(lengths, np.int64)):
        assert len(rows) in BLOCK_SIZES
        assert {lengths[row] for row in rows} == {length}
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))
