"""Convolution, batch normalisation, ReLU, max pooling: the same numbers with fewer passes over the data.

Batch normalisation is linear: with statistics that are known before the convolution it is a part of the
kernel, and costs no pass over the output, which is the largest tensor of the network. In inference the
running statistics are known. In training, those of the first convolution follow from its input, which has
one channel: the output is linear in the few values under the kernel, so that its mean and variance follow
from their means and products.
"""

import math

import numpy as np
import tensorflow as tf

from byola_keras.layers.replicas import sum_over_replicas


def convolution_block(x, convolution, normalization, max_pooling, training):
    """One block of the encoder.

    Args:
        x: [batch, T, F, channels in].
        convolution: built `keras.layers.Conv2D` with a bias, stride 1 and padding "same".
        normalization: built `BatchNormalization` of its output.
        max_pooling: layer.
        training: Boolean, whether batch statistics are used; not where the normalisation is frozen.

    Returns:
        [batch, T', F', channels], T' and F' as `max_pooling` gives them.
    """
    if not normalization.uses_batch_statistics(training):
        x = _by_running_statistics(x, convolution, normalization)
    elif x.shape[-1] == 1:
        x = _by_statistics_of_patches(x, convolution, normalization)
    else:
        x = normalization(convolution(x), training=training)
    # ReLU on the quarter that max pooling leaves would be faster, and hide what is no number: TensorFlow's
    # max pooling makes the least number of NaN, and ReLU 0 of that.
    return max_pooling(tf.nn.relu(x))


def _by_running_statistics(x, convolution, normalization):
    kernel, bias = _in_the_type_of(normalization, convolution)
    scale, offset = normalization.running_scale_and_offset()
    y = tf.nn.conv2d(x, tf.cast(kernel * scale, x.dtype), strides=1, padding="SAME")
    return tf.nn.bias_add(y, tf.cast(bias * scale + offset, x.dtype))


def _by_statistics_of_patches(x, convolution, normalization):
    """Convolves one channel by a matrix product of its patches, whose own products give the statistics."""
    kernel, bias = _in_the_type_of(normalization, convolution)
    size, channels = math.prod(kernel.shape[:2]), kernel.shape[-1]
    patches = tf.reshape(_patches_and_one(x, kernel.shape[:2]), [-1, size + 1])
    # The bias is the weight of the patches' last value, which is 1.
    kernel = tf.concat([tf.reshape(kernel, [size, channels]), bias[None]], axis=0)
    mean, variance, count = _statistics_of_products(patches, kernel, normalization.synchronized)
    normalization.update(mean, variance, count)
    scale, offset = normalization.scale_and_offset(mean, variance)
    kernel = tf.concat([kernel[:-1] * scale, kernel[-1:] * scale + offset], axis=0)
    shape = tf.concat([tf.shape(x)[:-1], [channels]], axis=0)
    return tf.reshape(tf.matmul(patches, tf.cast(kernel, x.dtype)), shape)


def _in_the_type_of(normalization, convolution):
    """Kernel and bias in the type in which the normalisation computes."""
    dtype = normalization.gamma.dtype
    return tf.cast(convolution.kernel, dtype), tf.cast(convolution.bias, dtype)


def _patches_and_one(x, kernel_size):
    """The values under the kernel and a 1 at each position, [batch, T, F, kernel area + 1]."""
    size = math.prod(kernel_size)
    # A convolution that picks each value is the fastest way to them; both networks share its result.
    picks = np.eye(size, size + 1).reshape(*kernel_size, 1, size + 1)
    one = np.eye(size + 1)[-1]
    patches = tf.nn.conv2d(x, tf.constant(picks, x.dtype), strides=1, padding="SAME")
    return tf.nn.bias_add(patches, tf.constant(one, x.dtype))


def _statistics_of_products(patches, kernel, synchronized):
    """Mean and biased variance of each column of `patches` times `kernel`, and the number of rows."""
    patches = tf.cast(patches, kernel.dtype)
    products = tf.matmul(patches, patches, transpose_a=True)
    if synchronized:
        products = sum_over_replicas(products)
    count = products[-1, -1]
    means = products[-1:] / count
    covariance = products / count - tf.matmul(means, means, transpose_a=True)
    variance = tf.reduce_sum(kernel * tf.matmul(covariance, kernel), axis=0)
    # Rounding can leave less than nothing of a constant input.
    return tf.matmul(means, kernel)[0], tf.maximum(variance, 0.0), count
