"""PyTorch's default initialisation, so that training curves compare with the original's."""

import contextlib
import math
import random
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def seeded_initializers(seed: int) -> Iterator[None]:
    """Makes the initial weights of all layers that are built inside a function of `seed`.

    Keras's initialisers take their seeds from Python's `random`, whose state is the caller's again
    afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def fan_in_uniform(fan_in: int) -> keras.initializers.Initializer:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)), for the kernel and the bias of a layer alike.

    Args:
        fan_in: inputs of one output: features of a dense layer, or kernel area x channels.
    """
    limit = 1.0 / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def dense(units: int, fan_in: int, **kwargs) -> keras.layers.Dense:
    """A dense layer of `units` on `fan_in` features with PyTorch's initialisation."""
    return keras.layers.Dense(
        units,
        kernel_initializer=fan_in_uniform(fan_in),
        bias_initializer=fan_in_uniform(fan_in),
        **kwargs,
    )
