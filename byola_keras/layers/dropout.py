"""Dropout whose masks resume exactly and differ between replicas."""

import keras
import tensorflow as tf

from byola_keras.layers.random_layer import RandomLayer, fold_in, random_bits
from byola_keras.layers.replicas import replica_id


@keras.saving.register_keras_serializable(package="byola_keras")
class Dropout(RandomLayer):
    """Sets a random share of the inputs to zero in training and scales up the rest.

    `keras.layers.Dropout` draws the same mask on every replica and its state is not saved.

    Args:
        rate: Float in [0, 1), the share set to zero.
        seed: Integer or None.

    Input shape:
        Any.

    Output shape:
        Same as the input.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must lie in [0, 1). Received: rate={rate}")
        self.rate = rate

    def call(self, x, training=None):
        return self.augment(x, self.next_seed()) if training and self.rate > 0 else x

    def augment(self, x, seed):
        bits = random_bits(fold_in(seed, replica_id()), tf.shape(x))
        kept = bits >= tf.constant(int(self.rate * 2**32), tf.uint32)
        return x * (tf.cast(kept, x.dtype) * tf.cast(1.0 / (1.0 - self.rate), x.dtype))

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
