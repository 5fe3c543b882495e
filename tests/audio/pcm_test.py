import numpy as np

from byola_keras.audio.pcm import from_int16, to_int16


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
