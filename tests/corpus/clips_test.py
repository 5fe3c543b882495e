import numpy as np
import pytest

from byola_keras.corpus.clips import cut_clips


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, []),
        (1, [1]),
        (99, [99]),
        (100, [100]),
        (129, [129]),
        (130, [100, 30]),
        (229, [100, 129]),
        (1000, [100] * 10),
        (1030, [100] * 10 + [30]),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 64, 5000])
def test_clips_are_the_recording(length, expected, block):
    recording = np.arange(length, dtype="float32")
    blocks = [recording[start : start + block] for start in range(0, length, block)]
    clips = list(cut_clips(blocks, clip_length=100, shortest=30))
    assert [len(clip) for clip in clips] == expected
    np.testing.assert_array_equal(np.concatenate([*clips, []]), recording)
