"""Building the parts of a model."""

import tensorflow as tf


def build_once(layer, input_shape) -> None:
    """Builds `layer` unless it is built, as a part that was loaded or is shared comes.

    Outside any graph: `keras.layers.Normalization` keeps its mean and deviation as tensors, which those
    of a function that is being traced must not be.
    """
    if not layer.built:
        with tf.init_scope():
            layer.build(input_shape)
