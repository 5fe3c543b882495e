"""What encoders share: names of layers, frames of joined mels, shapes of their outputs."""

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


def output_shapes(encoder, input_shape: tuple) -> dict[str, tuple]:
    """Shapes of scene and frames of an encoder whose frames have the size of its embedding.

    Args:
        encoder: see `byola_keras.models.contract`.
        input_shape: (batch, T, F); batch and T may be None.
    """
    batch, frames, n_mels = input_shape
    size = encoder.embedding_size(n_mels)
    frames = None if frames is None else frames // encoder.stride
    return {"scene": (batch, size), "frames": (batch, frames, size)}
