"""The mean and deviation of the log-mel, as an encoder."""

import keras
import tensorflow as tf

from byola_keras.layers.sequence_mask import zero_beyond


@keras.saving.register_keras_serializable(package="byola_keras")
class LogMelStatistics(keras.layers.Layer):
    """Mean and standard deviation of each mel band over time: the baseline that an encoder has to beat.

    It is an encoder as `byola_keras.models.contract` has it, without weights.

    Input shape:
        [batch, T, F].

    Output shape:
        {"scene": [batch, 2 F], "frames": [batch, T, F]}.
    """

    stride, strides, context, pooling, layer_names = 1, {}, 0, "mean_std", ()

    def embedding_size(self, n_mels):
        """Size of the embedding: a mean and a deviation of each mel band."""
        return 2 * n_mels

    def call(self, x, training=None, layers=(), lengths=None):
        if layers and layers != "all":
            raise ValueError(f"`layers` must be empty: there are none. Received: layers={layers!r}")
        frames = zero_beyond(x, lengths)
        if lengths is None:
            mean, variance = tf.nn.moments(x, axes=[1])
        else:
            counts = tf.cast(tf.maximum(lengths, 1), x.dtype)[:, None]
            mean = tf.reduce_sum(frames, axis=1) / counts
            variance = tf.reduce_sum(zero_beyond(tf.square(x - mean[:, None]), lengths), axis=1) / counts
        output = {"scene": tf.concat([mean, tf.sqrt(variance)], axis=-1), "frames": frames}
        return output | ({"layers": {}} if layers else {})

    def compute_output_shape(self, input_shape):
        batch, frames, mels = input_shape
        return {"scene": (batch, self.embedding_size(mels)), "frames": (batch, frames, mels)}
