"""Clips cut into windows, and what is heard in windows as one clip's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambiance.placement import EncodedClips
from ambiance.placement.encoded_clips import WIDTHS
from clip_inputs import frames
from music_index_service.preparation.windows import Windows


@given(st.lists(st.integers(1, 64), max_size=6))
def test_windows_hold_every_frame_once_and_in_order(lengths: list[int]) -> None:
    clips = [frames(length, seed) for seed, length in enumerate(lengths)]
    windows = Windows.of(clips)
    assert windows.frames.shape == (len(windows.counts), 10, 128)
    ends = [*windows.firsts[1:].tolist(), len(windows.counts)]
    for clip, first, end in zip(clips, windows.firsts.tolist(), ends, strict=False):
        counts = windows.counts[first:end]
        assert len(counts) == -(-len(clip) // 1280)
        assert counts.max() - counts.min() <= 1
        parts = [windows.frames[first + i, :count].tobytes() for i, count in enumerate(counts)]
        assert b"".join(parts) == clip
    for window, count in zip(windows.frames, windows.counts, strict=True):
        assert 1 <= count <= 10
        assert not window[count:].any()


def heard(**columns: list[list[float]]) -> EncodedClips:
    count = len(next(iter(columns.values())))
    rows = {name: columns.get(name, [[0.5] * width] * count) for name, width in WIDTHS.items()}
    return EncodedClips(**{name: np.array(row, np.float32) for name, row in rows.items()})


def test_windows_are_averaged_by_their_frames_in_log_odds() -> None:
    windows = Windows.of([frames(15)])  # 8 and 7 frames
    sure, even = [0.99] * 12, [0.5] * 12
    vad = [[0.2, 0.4, 0.6], [0.8, 0.4, 0.0]]
    timbre = [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    moods = [[0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], [1 / 7] * 7]
    one = windows.pool(heard(facets=[sure, even], vad=vad, timbre=timbre, moods=moods))
    expected = 1 / (1 + np.exp(-np.log(99) * 8 / 15))
    assert one.facets[0] == pytest.approx([expected] * 12, rel=1e-5)
    assert expected > (0.99 * 8 + 0.5 * 7) / 15  # what is sure counts more
    assert one.vad[0] == pytest.approx([(0.2 * 8 + 0.8 * 7) / 15, 0.4, 0.6 * 8 / 15])
    assert one.timbre[0, :2] == pytest.approx(np.array([8, 7]) / np.hypot(8, 7))
    assert one.moods.sum() == pytest.approx(1)
    assert one.moods[0, 0] / one.moods[0, 1] == pytest.approx(14 ** (8 / 15), rel=1e-5)
    assert {values.dtype for values in vars(one).values()} == {np.dtype(np.float32)}


def test_a_lone_window_is_kept_as_it_is_beside_longer_clips() -> None:
    draw = np.random.default_rng(0)
    windows = Windows.of([frames(3), frames(25), frames(10)])
    each = EncodedClips(*(draw.random((5, width), np.float32) for width in WIDTHS.values()))
    pooled = windows.pool(each)
    for name, values in vars(pooled).items():
        np.testing.assert_array_equal(values[[0, 2]], getattr(each, name)[[0, 4]])
    alone = Windows.of([frames(3), frames(10)])
    assert alone.pool(each) is each


def test_certain_windows_of_opposite_mind_stay_finite() -> None:
    windows = Windows.of([frames(20)])
    one = windows.pool(heard(facets=[[1.0] * 12, [0.0] * 12], timbre=[[1.0] + [0] * 5, [-1.0] + [0] * 5]))
    np.testing.assert_allclose(one.facets, 0.5, atol=1e-6)
    assert not one.timbre.any()
