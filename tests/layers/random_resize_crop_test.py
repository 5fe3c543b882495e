import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from tests import reference
from tests.test_case import run_layer_test


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"virtual_crop_scale": (0.9, 1.5)}, "Received: virtual_crop_scale=\\(0.9, 1.5\\)"),
        ({"time_scale": (1.5, 0.6)}, "Received: time_scale=\\(1.5, 0.6\\)"),
        ({"freq_scale": (0.0, 1.0)}, "Received: freq_scale=\\(0.0, 1.0\\)"),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        byola_keras.RandomResizeCrop(**arguments)


def test_needs_static_shape():
    with pytest.raises(ValueError, match="static time and mel axis"):
        byola_keras.RandomResizeCrop().build((None, None, 64))


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 24, 16)).astype("float32")
    run_layer_test(byola_keras.RandomResizeCrop(seed=3), x, tmp_path, (3, 24, 16))


@pytest.mark.parametrize("suffix", ["", "2"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_transform_equals_the_original(suffix, jit_compile):
    arrays, _ = reference.load("random_resize_crop")
    freq_start, time_start, freq_size, time_size = arrays["params" + suffix].T
    x = reference.image_to_log_mel(arrays["input" + suffix][:, None])
    x = np.repeat(x, len(freq_start), axis=0)
    layer = byola_keras.RandomResizeCrop()
    layer.build(x.shape)
    transform = tf.function(layer.transform, jit_compile=jit_compile)
    actual = transform(x, freq_start, freq_size, time_start, time_size)
    expected = reference.image_to_log_mel(arrays["out" + suffix])
    np.testing.assert_allclose(actual, expected, atol=1e-4, rtol=0)
    # What tables of float32 positions reach; in-graph positions give 5e-5 to 9e-5.
    assert np.abs(actual - expected).max() < 1e-5


def test_full_crop_is_the_identity():
    x = np.random.default_rng(1).normal(size=(2, 96, 64)).astype("float32")
    layer = byola_keras.RandomResizeCrop()
    layer.build(x.shape)
    np.testing.assert_array_equal(layer.transform(x, [0, 0], [64, 64], [24, 24], [96, 96]), x)


def test_drawn_sizes_follow_the_paper():
    """Heights 38..64 with 64 in 5/9 of the draws, widths 57..143, all positions reached."""
    layer = byola_keras.RandomResizeCrop(seed=5)
    x = np.zeros((4000, 96, 64), "float32")
    layer.build(x.shape)
    drawn = {}
    layer.transform = lambda x, *rectangle: drawn.update(
        zip(("freq_start", "freq_size", "time_start", "time_size"), np.asarray(rectangle), strict=True)
    )
    layer.augment(tf.constant(x), layer.next_seed())
    assert (drawn["freq_size"].min(), drawn["freq_size"].max()) == (38, 64)
    assert (drawn["time_size"].min(), drawn["time_size"].max()) == (57, 143)
    np.testing.assert_allclose(np.mean(drawn["freq_size"] == 64), 5 / 9, atol=0.03)
    # Means of 200,000 draws of the original: 58.0, 100.4, 3.0, 21.8.
    np.testing.assert_allclose(drawn["freq_size"].mean(), 58.0, atol=0.5)
    np.testing.assert_allclose(drawn["time_size"].mean(), 100.4, atol=1.5)
    np.testing.assert_allclose(drawn["freq_start"].mean(), 3.0, atol=0.4)
    np.testing.assert_allclose(drawn["time_start"].mean(), 21.8, atol=1.2)
    assert (drawn["freq_start"] + drawn["freq_size"] <= 64).all()
    assert (drawn["time_start"] + drawn["time_size"] <= 144).all()
    assert (drawn["time_start"] + drawn["time_size"] == 144).any()
