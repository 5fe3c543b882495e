"""Frame features to one embedding for the clip."""

import keras
import tensorflow as tf

from byola_keras.layers.sequence_mask import valid_frames, zero_beyond

_POOLINGS = ("mean_max", "mean", "max")


@keras.saving.register_keras_serializable(package="byola_keras")
class TemporalPooling(keras.layers.Layer):
    """Summarises frame features over time.

    Args:
        pooling: "mean_max" (the mean plus the maximum: a sum, not joined), "mean" or "max".

    Input shape:
        [batch, T', D].

    Output shape:
        [batch, D].

    Call arguments:
        frames: Tensor of the input shape.
        lengths: int [batch] or None: frames that belong to each clip of a padded batch; the others are left
            out.

    Reference:
        https://arxiv.org/abs/2204.07402, Sections II-D and III-A4.
    """

    def __init__(self, pooling="mean_max", **kwargs):
        super().__init__(**kwargs)
        if pooling not in _POOLINGS:
            raise ValueError(f"`pooling` must be one of {_POOLINGS}. Received: pooling={pooling!r}")
        self.pooling = pooling

    def call(self, frames, lengths=None):
        if self.pooling == "mean":
            return _mean(frames, lengths)
        if self.pooling == "max":
            return _max(frames, lengths)
        return _mean(frames, lengths) + _max(frames, lengths)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "pooling": self.pooling}


def _mean(frames, lengths):
    if lengths is None:
        return keras.ops.mean(frames, axis=1)
    counts = tf.cast(tf.maximum(lengths, 1), frames.dtype)[:, None]
    return tf.reduce_sum(zero_beyond(frames, lengths), axis=1) / counts


def _max(frames, lengths):
    if lengths is not None:
        frames = tf.where(valid_frames(frames, lengths), frames, frames.dtype.min)
    return keras.ops.max(frames, axis=1)
