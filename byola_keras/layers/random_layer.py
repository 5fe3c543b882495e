"""Base class of the layers that draw random numbers."""

import random
import zlib

import keras
import tensorflow as tf

from byola_keras.layers.replicas import replica_count, replica_id

# The one generator that gives the same bits on CPU, GPU and under XLA.
_ALGORITHM = "philox"


class RandomLayer(keras.layers.Layer):
    """Base of the layers that draw: each number is a function of (seed, class name, call number).

    `keras.random.SeedGenerator` draws the same numbers on every replica and is not saved in a
    checkpoint. Here the number of calls so far is a weight, so that a restored layer goes on with
    the numbers that it would have drawn, and per-clip numbers are drawn for the whole global batch,
    of which every replica takes its own rows: the result does not depend on the number of devices.

    A subclass implements `augment(x, seed)`, which changes no state; `call` is
    `augment(x, self.next_seed())`.

    Args:
        seed: Integer, or None to take one from Python's `random` (set by `keras.utils.set_random_seed`).
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = random.getrandbits(31) if seed is None else int(seed)

    def build(self, input_shape):
        self.calls = self.add_weight(
            name="calls", shape=(), dtype="int64", initializer="zeros", trainable=False, autocast=False
        )

    def call(self, x, training=True):
        return self.augment(x, self.next_seed()) if training else x

    def augment(self, x, seed):
        """Returns `x` changed by the numbers that `seed` (int32 [2]) stands for."""
        raise TypeError(f"{type(self).__name__} must implement `augment(x, seed)`.")

    def next_seed(self) -> tf.Tensor:
        """The seed of the next call, int32 [2]; counts the call."""
        call = tf.identity(self.calls.value)
        self.calls.assign_add(tf.ones((), "int64"))
        return self.seed_of_call(call)

    def seed_of_call(self, call) -> tf.Tensor:
        """The seed of call number `call` (int64 scalar), int32 [2]."""
        site = zlib.crc32(type(self).__name__.encode()) & 0x7FFFFFFF
        return fold_in(tf.constant([self.seed, site], tf.int32), call)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def fold_in(seed, number) -> tf.Tensor:
    """A new seed, int32 [2], from `seed`, int32 [2], and an integer."""
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32), alg=_ALGORITHM)


def random_bits(seed, shape) -> tf.Tensor:
    """Uniform uint32 numbers of `shape`; `seed` is int32 [2]."""
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg=_ALGORITHM)


def uniform(seed, shape, low=0.0, high=1.0) -> tf.Tensor:
    """Float32 numbers in [low, high) of `shape`; `seed` is int32 [2].

    `tf.random.stateless_uniform` turns the same bits into other floats under XLA: this does not.
    """
    bits = tf.bitwise.right_shift(random_bits(seed, shape), tf.constant(8, tf.uint32))
    unit = tf.cast(bits, tf.float32) * 2.0**-24
    return low + unit * (high - low)


def uniform_per_clip(seed, batch_size, low=0.0, high=1.0) -> tf.Tensor:
    """One float32 number in [low, high) for each clip of this replica's batch: [B].

    Args:
        seed: int32 [2], the same on all replicas.
        batch_size: clips on this replica, B; all replicas hold equally many.
        low: lower end.
        high: upper end.
    """
    numbers = uniform(seed, [batch_size * replica_count()], low, high)
    first = tf.cast(replica_id(), tf.int32) * batch_size
    return numbers[first : first + batch_size]
