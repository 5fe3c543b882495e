"""The loss of BYOL as plain functions."""

import tensorflow as tf

from byola_keras.layers.replicas import moments_over_replicas

# PyTorch's floor of a norm: a zero vector has cosine 0.
_SMALLEST_NORM = 1e-12


def l2_normalize(x: tf.Tensor) -> tf.Tensor:
    """Rows of `x`, [batch, features], at length 1, in float32 or wider."""
    x = x if x.dtype == tf.float64 else tf.cast(x, tf.float32)
    return tf.nn.l2_normalize(x, axis=-1, epsilon=_SMALLEST_NORM**2)


def cosine_similarity(prediction: tf.Tensor, projection: tf.Tensor) -> tf.Tensor:
    """Cosine between the rows of two [batch, features] tensors, [batch]."""
    return tf.reduce_sum(l2_normalize(prediction) * l2_normalize(projection), axis=-1)


def byol_loss(prediction: tf.Tensor, projection: tf.Tensor) -> tf.Tensor:
    """Squared distance of the L2-normalised rows, 2 - 2 cos, in [0, 4].

    Args:
        prediction: the online network's prediction, [batch, features].
        projection: the target network's projection of the other view, [batch, features].

    Returns:
        [batch].

    Reference:
        https://arxiv.org/abs/2204.07402, Section II-E, equation 1.
    """
    return 2.0 - 2.0 * cosine_similarity(prediction, projection)


def projection_std(projection: tf.Tensor) -> tf.Tensor:
    """How spread out the L2-normalised projections are: 0 when all are one point, 1 when isotropic.

    Args:
        projection: [batch, features], of this replica.

    Returns:
        Mean over the features of the standard deviation over the batch of all replicas, times sqrt(features).
        Scalar, the same on all of them.
    """
    unit = l2_normalize(projection)
    variance = moments_over_replicas(unit, [0])[-1]
    return tf.reduce_mean(tf.sqrt(variance)) * tf.sqrt(tf.cast(tf.shape(unit)[1], unit.dtype))


def effective_rank(projection: tf.Tensor) -> tf.Tensor:
    """Effective rank of the L2-normalised projections: how many dimensions they really use.

    Args:
        projection: [batch, features].

    Returns:
        exp of the entropy of the normalised singular values, from 1 to min(batch, features). Scalar.

    Reference:
        Roy and Vetterli, "The effective rank: a measure of effective dimensionality", 2007.
    """
    values = tf.linalg.svd(l2_normalize(projection), compute_uv=False)
    share = values / (tf.reduce_sum(values) + 1e-12)
    return tf.exp(-tf.reduce_sum(share * tf.math.log(share + 1e-12)))
