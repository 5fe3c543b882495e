import numpy as np
import pytest

from byola_keras.classify.windows import cut_windows


@pytest.mark.parametrize("block", [1, 7, 10, 64, 1000])
@pytest.mark.parametrize(
    "total, expected", [(100, range(0, 91, 5)), (103, [*range(0, 91, 5), 93]), (10, [0])]
)
def test_windows_cover_the_sound_whatever_its_blocks(block, total, expected):
    sound = np.arange(total, dtype="float32")
    blocks = [sound[start : start + block] for start in range(0, total, block)]
    windows = list(cut_windows(blocks, 10, 5))
    assert [window.first for window in windows] == list(expected)
    for window in windows:
        np.testing.assert_array_equal(window.samples, sound[window.first : window.first + 10])
        assert window.end == window.first + 10


def test_short_sound_is_filled_up():
    (window,) = cut_windows([np.ones(3, "float32")], 10, 5)
    np.testing.assert_array_equal(window.samples, [1] * 3 + [0] * 7)
    assert (window.first, window.end) == (0, 3)
    assert not list(cut_windows([], 10, 5))


def test_windows_that_only_touch():
    windows = list(cut_windows([np.arange(25, dtype="float32")], 10, 10))
    assert [window.first for window in windows] == [0, 10, 15]
    np.testing.assert_array_equal(windows[-1].samples, np.arange(15, 25))
