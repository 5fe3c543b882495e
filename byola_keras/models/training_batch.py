"""What `fit` hands to a train step of `BYOL`."""

import keras
import tensorflow as tf

from byola_keras.layers.replicas import replica_count, sum_over_replicas


def unpack(data):
    """Takes a batch apart.

    Args:
        data: waveforms [batch, samples], floats in [-1, 1] or 16-bit integers; or a dict of "waveforms" and
            "ready", the times [batch] in seconds at which they were ready.

    Returns:
        Waveforms as floats, and the times or None.

    Raises:
        ValueError: there are labels.
    """
    waveforms, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    if labels is not None:
        raise ValueError(
            "BYOL learns from waveforms alone. Received: labels beside them, of shape "
            f"{getattr(labels, 'shape', type(labels).__name__)}; give `fit` the waveforms only."
        )
    ready = None
    if isinstance(waveforms, dict):
        waveforms, ready = waveforms["waveforms"], waveforms.get("ready")
    return _as_floats(waveforms), ready


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
