"""What encoders share in giving the features of their inner layers."""

from collections.abc import Sequence

import tensorflow as tf


def chosen_layers(layers: str | Sequence[str], layer_names: Sequence[str]) -> Sequence[str]:
    """Names of the layers that a call asks for.

    Args:
        layers: "all", or a list of some of `layer_names`.
        layer_names: all names that there are.

    Raises:
        ValueError: a name is not there, or a text other than "all" is given.
    """
    names = layer_names if layers == "all" else layers
    if isinstance(names, str) or not set(names) <= set(layer_names):
        raise ValueError(
            f"`layers` must be 'all' or a list of some of {tuple(layer_names)}. Received: layers={layers!r}"
        )
    return names


def join_mels(x: tf.Tensor) -> tf.Tensor:
    """[batch, time, mel, channel] to [batch, time, mel x channel], mel-outer."""
    shape = tf.shape(x)
    return tf.reshape(x, [shape[0], shape[1], x.shape[2] * x.shape[3]])
