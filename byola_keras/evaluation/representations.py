"""What can be evaluated: a trained embedder, and two baselines without any training."""

import keras
import tensorflow as tf

from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.embedder import Embedder, load
from byola_keras.models.encoder import Encoder
from byola_keras.models.norm_stats import NormStats


class LogMelStatistics(keras.layers.Layer):
    """Mean and standard deviation of each mel band over time: the baseline that an encoder has to beat.

    Input shape:
        [batch, T, F].

    Output shape:
        {"scene": [batch, 2 F], "frames": [batch, T, F]}.
    """

    stride, strides, context, pooling, layer_names = 1, {}, 0, "mean_std", ()

    def embedding_size(self, n_mels):
        """Size of the embedding, a mean and a deviation of each mel."""
        return 2 * n_mels

    def call(self, x, training=None):
        mean, variance = tf.nn.moments(x, axes=[1])
        return {"scene": tf.concat([mean, tf.sqrt(variance)], axis=-1), "frames": x}


def _untrained_encoder():
    keras.utils.set_random_seed(0)
    return Encoder(seed=0)


BASELINES = {"random": _untrained_encoder, "logmel_stats": LogMelStatistics}


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
    if model not in BASELINES:
        return load(model)
    return with_statistics(
        Embedder(LogMelSpectrogram(), NormStats(0.0, 1.0, 0).layer(), BASELINES[model]()), 0.0, 1.0
    )


def has_statistics(model: str) -> bool:
    """Whether `model` brings the statistics of its training sound."""
    return model not in BASELINES


def with_statistics(embedder: Embedder, mean: float, std: float) -> Embedder:
    """The same front end and encoder with other statistics of the log-mel."""
    normalization = keras.layers.Normalization(axis=None, mean=mean, variance=std**2, dtype="float32")
    other = Embedder(embedder.frontend, normalization, embedder.encoder)
    other.build((None, None))
    return other
