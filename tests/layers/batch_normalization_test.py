import keras
import numpy as np
import pytest
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization


@pytest.mark.parametrize("shape", [(16, 5), (4, 6, 3, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fused_and_plain_kernels_equal_the_formula(shape, dtype):
    """float64 takes the way of the moments, float32 the fused kernel."""
    x = np.random.default_rng(0).normal(3.0, 2.0, shape).astype(dtype)
    layer = BatchNormalization(dtype=dtype)
    y = layer(x, training=True)
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 1e-5), atol=tolerance)
    count = x.size // x.shape[-1]
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=10 * tolerance)
    # PyTorch's running variance: the unbiased one.
    expected = 0.9 + 0.1 * variance * count / (count - 1)
    np.testing.assert_allclose(layer.moving_variance, expected, rtol=10 * tolerance)


def test_gradients_of_both_ways_agree():
    x = np.random.default_rng(0).normal(size=(8, 6, 3, 5))
    weights = np.random.default_rng(1).normal(size=x.shape)
    gradients = {}
    for dtype in ("float32", "float64"):
        layer = BatchNormalization(dtype=dtype)
        inputs = tf.constant(x, dtype)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs, training=True) * weights.astype(dtype))
        gradients[dtype] = tape.gradient(loss, [inputs, *(w.value for w in layer.trainable_weights)])
    for single, double in zip(gradients["float32"], gradients["float64"], strict=True):
        np.testing.assert_allclose(single, double, atol=1e-4)


def test_inference_uses_the_running_statistics_and_leaves_them():
    layer = BatchNormalization()
    layer.build((None, 2))
    layer.moving_mean.assign([1.0, 2.0])
    layer.moving_variance.assign([4.0, 9.0])
    y = layer(np.array([[3.0, 5.0]], "float32"), training=False)
    np.testing.assert_allclose(y, [[1.0, 1.0]], rtol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean, [1.0, 2.0])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_statistics_stay_float32_under_mixed_precision(policy):
    layer = BatchNormalization(dtype=policy)
    y = layer(np.random.default_rng(0).normal(100.0, 1.0, (32, 4)).astype("float32"), training=True)
    assert y.dtype == policy[6:]
    assert {weight.dtype for weight in layer.weights} == {"float32"}
    np.testing.assert_allclose(layer.moving_mean, 10.0, atol=0.1)


def test_config_round_trip():
    layer = BatchNormalization(momentum=0.8, epsilon=1e-3, synchronized=False)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (copy.momentum, copy.epsilon, copy.synchronized) == (0.8, 1e-3, False)


def test_one_row_and_a_frozen_layer():
    layer = BatchNormalization(dtype="float64")
    assert np.isfinite(layer(np.ones((1, 3)), training=True)).all()
    assert np.isfinite(layer.moving_variance).all()
    x = np.random.default_rng(0).normal(3, 2, (16, 3))
    layer.trainable = False
    before = np.array(layer.moving_mean)
    np.testing.assert_array_equal(layer(x, training=True), layer(x))
    np.testing.assert_array_equal(layer.moving_mean, before)
