import numpy as np
import pytest

from byola_keras.corpus.clips import cut_clips, from_int16, to_int16


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


def test_sixteen_bits_come_out_the_same():
    samples = np.arange(-32768, 32768).astype(np.int16)
    floats = from_int16(samples.astype("float32"))
    assert floats.min() == -1.0 and floats.max() < 1.0
    np.testing.assert_array_equal(to_int16(floats), samples)


def test_loud_clip_is_turned_down_and_keeps_its_shape():
    clip = 4 * np.sin(np.arange(1000) / 50).astype("float32")
    samples = to_int16(clip)
    assert samples.max() == 32767 and samples.min() < -32700
    np.testing.assert_allclose(samples / 32768, clip / np.abs(clip).max(), atol=4e-5)
    # Not the quiet ones.
    np.testing.assert_allclose(to_int16(clip / 8) / 32768, clip / 8, atol=2e-5)
