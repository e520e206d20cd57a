"""What is heard in clips: as columns, as one matrix, as the bytes that are kept of each."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.placement import EncodedClips
from ambiance.placement.encoded_clips import OUTPUTS, WIDTH, WIDTHS


def clips(count: int) -> EncodedClips:
    draw = np.random.default_rng(count)
    return EncodedClips(*(draw.random((count, width), np.float32) for width in WIDTHS.values()))


def test_the_columns_are_those_of_a_stored_clip() -> None:
    assert OUTPUTS == ("moods", "facets", "traits", "vad", "timbre")
    assert list(WIDTHS.values()) == [len(MOODS.names), len(FACETS), len(TRAITS), 3, 6]
    assert WIDTH == 31


def test_a_packed_clip_is_31_numbers_little_endian() -> None:
    one = clips(1)
    numbers = struct.unpack("<31f", one.packed()[0])
    assert numbers == (*one.moods[0], *one.facets[0], *one.traits[0], *one.vad[0], *one.timbre[0])


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(WIDTH)), elements=st.floats(width=32)))
def test_what_is_packed_is_read_as_it_was_or_refused(matrix: np.ndarray) -> None:
    packed = EncodedClips.of_matrix(matrix).packed()
    assert len(packed) == len(matrix)
    if np.isfinite(matrix).all():
        np.testing.assert_array_equal(EncodedClips.unpacked(packed).matrix(), matrix)
    else:
        with pytest.raises(ValueError, match="isn't finite"):
            EncodedClips.unpacked(packed)


@pytest.mark.parametrize("lengths", [(124, 123), (124, 0), (123, 125), (124, 248)])
def test_a_clip_of_another_length_is_named(lengths: tuple[int, int]) -> None:
    wrong = next(i for i, length in enumerate(lengths) if length != 124)
    with pytest.raises(ValueError, match=f"clip {wrong}: .* {lengths[wrong]} bytes, needs 124"):
        EncodedClips.unpacked([bytes(length) for length in lengths])


def test_clips_are_taken_by_index_and_by_mask() -> None:
    four = clips(4)
    np.testing.assert_array_equal(four.take(np.array([2, 0])).vad, four.vad[[2, 0]])
    assert len(four.take(np.array([True, False, False, True]))) == 2
