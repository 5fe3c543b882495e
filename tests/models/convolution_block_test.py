"""Every way through a block against convolution, normalisation, ReLU and max pooling one after the other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.models.convolution_block import convolution_block

TOLERANCE = {"float64": 1e-10, "float32": 2e-5, "bfloat16": 0.05}


def make_layers(channels_in, dtype):
    keras.utils.set_random_seed(0)
    convolution = keras.layers.Conv2D(4, 3, padding="same", bias_initializer="normal", dtype=dtype)
    normalization = BatchNormalization(dtype=dtype)
    convolution.build((None, None, None, channels_in))
    normalization.build((None, None, None, 4))
    # One scale is negative: a maximum then is that of the smallest value.
    normalization.gamma.assign([1.0, -0.5, 2.0, 0.0])
    normalization.beta.assign([0.1, 0.2, -0.1, 0.3])
    normalization.moving_mean.assign([0.5, -0.5, 0.0, 1.0])
    return convolution, normalization


def plain(x, convolution, normalization, max_pooling, training):
    return max_pooling(tf.nn.relu(normalization(convolution(x), training=training)))


def outcome(way, channels_in, training, dtype):
    """Output, gradients of the input and of all weights, and the running statistics after it."""
    convolution, normalization = make_layers(channels_in, dtype)
    # As far from mean 0 and deviation 1 as a log-mel is before it is normalised; odd sizes.
    x = tf.constant(np.random.default_rng(0).normal(-8.0, 4.0, (3, 7, 6, channels_in)), dtype)
    parameters = [
        weight.value for weight in (*convolution.trainable_weights, *normalization.trainable_weights)
    ]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = way(x, convolution, normalization, keras.layers.MaxPooling2D(2, dtype=dtype), training)
        loss = tf.reduce_sum(y * tf.constant(np.random.default_rng(1).normal(size=y.shape), y.dtype))
    gradients = tape.gradient(loss, [x, *parameters])
    return [y, *gradients, normalization.moving_mean.value, normalization.moving_variance.value]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("channels_in", [1, 2])
def test_equals_layer_after_layer(channels_in, training, dtype):
    received = outcome(convolution_block, channels_in, training, dtype)
    expected = outcome(plain, channels_in, training, dtype)
    for ours, theirs in zip(received, expected, strict=True):
        largest = np.abs(theirs).max() + 1.0
        np.testing.assert_allclose(ours / largest, theirs / largest, atol=TOLERANCE[dtype], rtol=0)


@pytest.mark.parametrize("training", [False, True])
def test_mixed_precision_keeps_statistics_in_float32(training):
    convolution, normalization = make_layers(1, "mixed_bfloat16")
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    pooling = keras.layers.MaxPooling2D(2, dtype="mixed_bfloat16")
    y = convolution_block(tf.cast(x, "bfloat16"), convolution, normalization, pooling, training)
    expected = plain(x, *make_layers(1, "float32"), keras.layers.MaxPooling2D(2), training)
    assert y.dtype == "bfloat16" and normalization.moving_mean.dtype == "float32"
    np.testing.assert_allclose(tf.cast(y, "float32"), expected, atol=TOLERANCE["bfloat16"])


def test_a_frozen_normalisation_uses_and_keeps_its_running_statistics():
    convolution, normalization = make_layers(1, "float32")
    normalization.trainable = False
    x, pooling = tf.random.normal([2, 8, 8, 1]), keras.layers.MaxPooling2D(2)
    frozen = convolution_block(x, convolution, normalization, pooling, training=True)
    inference = convolution_block(x, convolution, normalization, pooling, training=False)
    np.testing.assert_array_equal(frozen, inference)
    np.testing.assert_array_equal(normalization.moving_mean, [0.5, -0.5, 0.0, 1.0])


def test_a_constant_input_is_no_division_by_nothing():
    layers = make_layers(1, "float32")
    layers[0].kernel.assign(tf.zeros_like(layers[0].kernel))
    y = convolution_block(tf.fill([2, 4, 4, 1], 3.0), *layers, keras.layers.MaxPooling2D(2), training=True)
    np.testing.assert_allclose(y, np.broadcast_to([0.1, 0.2, 0.0, 0.3], y.shape), atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("channels_in", [1, 2])
def test_what_is_no_number_does_not_become_one(channels_in, training):
    convolution, normalization = make_layers(channels_in, "float32")
    x = tf.fill([2, 4, 4, channels_in], np.nan)
    y = convolution_block(x, convolution, normalization, keras.layers.MaxPooling2D(2), training)
    # What max pooling makes of NaN: too large for any healthy value, and without end in the next product.
    assert not np.any(np.abs(y) < 1e38)
