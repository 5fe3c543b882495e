"""What `fit` hands to a train step of `BYOL`."""

from typing import NamedTuple

import keras
import tensorflow as tf

from byola_keras.layers.replicas import replica_count, sum_over_replicas


class Batch(NamedTuple):
    """What a step gets.

    Attributes:
        waveforms: floats [batch, samples], what view one is made of, and view two unless there are others.
        second_waveforms: floats of the same shape, what view two is made of; or None.
        ready: the times [batch] in seconds at which they were ready; or None.
    """

    waveforms: tf.Tensor
    second_waveforms: tf.Tensor | None = None
    ready: tf.Tensor | None = None


def unpack(data) -> Batch:
    """Takes a batch apart.

    Args:
        data: waveforms [batch, samples], floats in [-1, 1] or 16-bit integers; or a dict of these as
            "waveforms" and, where they are there, "second_waveforms" and "ready", see `Batch`.

    Raises:
        ValueError: there are labels.
    """
    waveforms, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    if labels is not None:
        raise ValueError(
            "BYOL learns from waveforms alone. Received: labels beside them, of shape "
            f"{getattr(labels, 'shape', type(labels).__name__)}; give `fit` the waveforms only."
        )
    if not isinstance(waveforms, dict):
        return Batch(_as_floats(waveforms))
    second = waveforms.get("second_waveforms")
    return Batch(
        _as_floats(waveforms["waveforms"]),
        None if second is None else _as_floats(second),
        waveforms.get("ready"),
    )


def _as_floats(waveforms):
    """16-bit integers as the floats in [-1, 1) that they stand for: exactly, by a power of two."""
    dtype = getattr(waveforms, "dtype", None)
    if dtype is None or tf.as_dtype(dtype) != tf.int16:
        return waveforms
    return tf.cast(waveforms, tf.float32) / -float(tf.int16.min)


def with_equal_shares(waveforms):
    """The waveforms; an error where other replicas hold another number of them.

    The draws for each clip, the statistics of the batch and the mean of the loss rely on equal shares.
    """
    if replica_count() == 1 or waveforms.shape[0] is not None:
        return waveforms
    share = tf.cast(tf.shape(waveforms)[0], tf.float32)
    rule = "All replicas must get equally many clips, at least one; batch with drop_remainder=True."
    checks = [
        tf.debugging.assert_equal(sum_over_replicas(share), share * replica_count(), rule),
        tf.debugging.assert_positive(share, rule),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(waveforms)
