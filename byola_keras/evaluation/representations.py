"""What can be evaluated: a trained embedder, and two baselines that were never trained."""

from collections.abc import Callable

import keras
import tensorflow as tf

from byola_keras.layers.sequence_mask import zero_beyond
from byola_keras.models.embedder import Embedder, load
from byola_keras.models.norm_stats import NormStats
from byola_keras.models.untrained import untrained_embedder

# What stands in a baseline until the statistics of a task take its place.
_NO_STATS = NormStats(mean=0.0, std=1.0, crops=0)


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


# Each kind of `--model` that has a word of its own, and what makes it.
BASELINES: dict[str, Callable[[], Embedder]] = {
    "random": lambda: untrained_embedder(stats=_NO_STATS),
    "logmel_stats": lambda: untrained_embedder(LogMelStatistics(), _NO_STATS),
}


def load_representation(model: str) -> Embedder:
    """An embedder to evaluate.

    Args:
        model: "random" (the encoder as it is before training), "logmel_stats" (`LogMelStatistics`), or
            what `byola_keras.load` takes.

    Returns:
        A built `Embedder`. A baseline has no statistics of training sound: `has_statistics` tells.

    Raises:
        FileNotFoundError, ValueError: see `byola_keras.load`.
    """
    return BASELINES[model]() if model in BASELINES else load(model)


def has_statistics(model: str) -> bool:
    """Whether `model` brings the statistics of its training sound."""
    return model not in BASELINES


def with_statistics(embedder: Embedder, stats: NormStats) -> Embedder:
    """The same front end and encoder with other statistics of the log-mel."""
    other = Embedder(embedder.frontend, stats.layer(), embedder.encoder)
    other.build()
    return other
