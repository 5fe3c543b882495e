"""Frames beyond the end of the shorter clips of a padded batch."""

import tensorflow as tf


def valid_frames(x, lengths):
    """Which frames belong to their clip.

    Args:
        x: Tensor [batch, T, ...].
        lengths: int [batch], frames of each clip.

    Returns:
        Boolean [batch, T, 1, ...], of the rank of `x`.
    """
    mask = tf.sequence_mask(tf.cast(lengths, tf.int32), tf.shape(x)[1])
    return tf.reshape(mask, [tf.shape(x)[0], tf.shape(x)[1], *[1] * (x.shape.rank - 2)])


def zero_beyond(x, lengths):
    """Puts zeros in place of what lies beyond each clip; arguments as of `valid_frames`, or None for `x`."""
    return x if lengths is None else tf.where(valid_frames(x, lengths), x, tf.zeros((), x.dtype))
