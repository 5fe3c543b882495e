"""PyTorch's default initialisation, so that training curves compare with the original's."""

import math

import keras


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
