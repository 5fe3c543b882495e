"""Building the parts of a model."""

import tensorflow as tf


def build_once(layer, input_shape) -> None:
    """Builds `layer` unless it is built, as a part that was loaded or is shared comes.

    Builds eagerly: Normalization stores eager tensors, and graph tensors would leak out of the traced
    function.
    """
    if not layer.built:
        with tf.init_scope():
            layer.build(input_shape)
