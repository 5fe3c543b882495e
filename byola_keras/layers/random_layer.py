"""Base class of the layers that draw random numbers."""

import contextlib
import contextvars
import random
import zlib
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.replicas import replica_count, replica_id

# The one generator that gives the same bits on CPU, GPU and under XLA.
_PHILOX = tf.random.Algorithm.PHILOX.value
# What TensorFlow scrambles a seed with.
_SCRAMBLE = np.array([0x02461E293EC8F720], np.uint64)
_SECOND = np.array([0, 2**64 - 1], np.uint64)

_seed_shift = contextvars.ContextVar("seed_shift", default=0)


@contextlib.contextmanager
def other_draws(shift: int) -> Iterator[None]:
    """Lets all `RandomLayer`s that are called inside draw other numbers than they would outside.

    `BYOL` calls its target network so: a copy of the online network with the same seeds, whose dropout masks
    must not be those of the online network.

    Args:
        shift: added to every seed.
    """
    token = _seed_shift.set(shift)
    try:
        yield
    finally:
        _seed_shift.reset(token)


class RandomLayer(keras.layers.Layer):
    """Base of all layers that draw, also of your own blocks: numbers are functions of (seed, class, call).

    `keras.random.SeedGenerator` draws the same numbers on every replica and is not saved in a
    checkpoint. Here the number of calls so far is a weight, so that a restored layer goes on with
    the numbers that it would have drawn, and per-clip numbers are drawn for the whole global batch,
    of which every replica takes its own rows: the result does not depend on the number of devices.

    A subclass implements `augment(x, seed)`, which changes no state and draws by the functions of this
    module:

    >>> @keras.saving.register_keras_serializable(package="mine")
    ... class RandomGain(byola_keras.RandomLayer):
    ...     def augment(self, x, seed):
    ...         return x + uniform_per_clip(seed, tf.shape(x)[0], -1.0, 1.0)[:, None, None]

    What must happen once a step, after both views were made, goes into `after_step`. Inside `Augmentation`,
    two layers of one class and one seed draw different numbers; elsewhere give them different seeds.

    Args:
        seed: Integer, or None to take one from Python's `random` (set by `keras.utils.set_random_seed`).
        **kwargs: those of `keras.layers.Layer`.

    Call arguments:
        x: Tensor with a batch axis.
        training: Boolean, True by default: without it the input passes unchanged.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = random.getrandbits(31) if seed is None else int(seed)

    def build(self, input_shape):
        self.calls = self.add_weight(
            name="calls", shape=(), dtype="int64", initializer="zeros", trainable=False, autocast=False
        )

    def call(self, x, training=True):
        if not training:
            return x
        augmented = self.augment(x, self.next_seed())
        self.after_step(x)
        return augmented

    def augment(self, x, seed):
        """Changes `x` by random numbers.

        Args:
            x: Tensor with a batch axis.
            seed: int32 [2], what all numbers of this call are drawn from; the same on all replicas.

        Returns:
            A tensor of the shape of `x`.
        """
        raise TypeError(f"{type(self).__name__} must implement `augment(x, seed)`.")

    def after_step(self, clean):
        """Does what the layer does once a step, such as remembering clips; nothing by default.

        Args:
            clean: Tensor, what the layer received before it was changed.
        """

    def next_seed(self) -> tf.Tensor:
        """The seed of the next call, int32 [2]; counts the call."""
        call = tf.identity(self.calls.value)
        self.calls.assign_add(tf.ones((), "int64"))
        return self.seed_of_call(call)

    def seed_of_call(self, call) -> tf.Tensor:
        """The seed of call number `call` (int64 scalar), int32 [2]."""
        site = zlib.crc32(type(self).__name__.encode()) & 0x7FFFFFFF
        seed = (self.seed + _seed_shift.get()) % 2**31
        return fold_in(tf.constant([seed, site], tf.int32), call)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def fold_in(seed, number) -> tf.Tensor:
    """A new seed, int32 [2], made of `seed`, int32 [2], and an integer."""
    return tf.stack([_whole_numbers(seed, [], tf.int32), tf.cast(number, tf.int32)])


def random_bits(seed, shape) -> tf.Tensor:
    """Uniform uint32 numbers of `shape`; `seed` is int32 [2]."""
    return _whole_numbers(seed, shape, tf.uint32)


def uniform(seed, shape, low=0.0, high=1.0) -> tf.Tensor:
    """Float32 numbers in [low, high) of `shape`; `seed` is int32 [2].

    `tf.random.stateless_uniform` turns the same bits into other floats under XLA: this does not.
    """
    bits = tf.bitwise.right_shift(random_bits(seed, shape), tf.constant(8, tf.uint32))
    unit = tf.cast(bits, tf.float32) * 2.0**-24
    return low + unit * (high - low)


def uniform_per_clip(seed, batch_size, low=0.0, high=1.0) -> tf.Tensor:
    """One float32 number in [low, high) for each clip of this replica's batch: [batch].

    Args:
        seed: int32 [2], the same on all replicas.
        batch_size: clips on this replica; all replicas hold equally many.
        low: lower end.
        high: upper end.
    """
    numbers = uniform(seed, [batch_size * replica_count()], low, high)
    first = tf.cast(replica_id(), tf.int32) * batch_size
    return numbers[first : first + batch_size]


def _whole_numbers(seed, shape, dtype):
    """Uniform integers over the whole range of `dtype`.

    They are those of `tf.random.stateless_uniform(alg="philox")`, by 5 operations in place of some 30: the
    draws of a training step were more than a quarter of the operations of its graph. TensorFlow's own
    operation for key and counter gives others under XLA where a seed is negative.
    """
    mixed = _philox([2], _SCRAMBLE, tf.cast(seed, tf.uint64), tf.uint64)
    return _philox(shape, mixed[:1], tf.bitwise.bitwise_and(mixed, _SECOND), dtype)


def _philox(shape, key, counter, dtype):
    return tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=shape, key=key, counter=counter, alg=_PHILOX, dtype=dtype
    )
