"""The projector and the predictor of BYOL."""

import keras
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.models.initializers import dense


@keras.saving.register_keras_serializable(package="byola_keras")
class ProjectionHead(keras.layers.Layer):
    """Dense, batch normalisation, ReLU, dense; or several of the first three.

    Args:
        units: (hidden, output) sizes.
        synchronized: Boolean, batch statistics over all replicas, see `BatchNormalization`.
        hidden_layers: Integer of at least 1, how often dense, batch normalisation and ReLU of the hidden size
            follow each other before the last dense layer.

    Input shape:
        [batch, features].

    Output shape:
        [batch, units[1]].

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-B1: (4096, 256) and one hidden layer.
    """

    def __init__(self, units=(4096, 256), synchronized=True, hidden_layers=1, **kwargs):
        super().__init__(**kwargs)
        if len(units) != 2:
            raise ValueError(f"`units` must be (hidden, output) sizes. Received: units={units}")
        if hidden_layers < 1:
            raise ValueError(f"`hidden_layers` must be at least 1. Received: hidden_layers={hidden_layers}")
        self.units = tuple(units)
        self.hidden_layers = hidden_layers
        # The first layer stands by itself: files of heads that had no other name it so.
        self.normalization = self._batch_normalization(synchronized, "batch_normalization")
        self.further_normalizations = [
            self._batch_normalization(synchronized, f"batch_normalization_{number}")
            for number in range(1, hidden_layers)
        ]

    def _batch_normalization(self, synchronized, name):
        return BatchNormalization(synchronized=synchronized, dtype=self.dtype_policy, name=name)

    def build(self, input_shape):
        hidden_units, output_units = self.units
        self.hidden = dense(hidden_units, input_shape[-1], dtype=self.dtype_policy, name="hidden")
        self.further_hidden = [
            dense(hidden_units, hidden_units, dtype=self.dtype_policy, name=f"hidden_{number}")
            for number in range(1, self.hidden_layers)
        ]
        self.output_layer = dense(output_units, hidden_units, dtype=self.dtype_policy, name="output")
        self.hidden.build(input_shape)
        self.normalization.build((None, hidden_units))
        for layer in (*self.further_hidden, *self.further_normalizations):
            layer.build((None, hidden_units))
        self.output_layer.build((None, hidden_units))

    def call(self, x, training=None):
        return self.of_views([x], training)[0]

    def of_views(self, views, training=None):
        """Outputs of several inputs of equally many rows, each normalised by itself, as a list.

        The dense layers see all of them as one batch: their weights are read, and the gradients of these
        written, once.
        """
        hidden_layers = (self.hidden, *self.further_hidden)
        normalizations = (self.normalization, *self.further_normalizations)
        for hidden, normalization in zip(hidden_layers, normalizations, strict=True):
            views = tf.split(hidden(tf.concat(views, axis=0)), len(views))
            views = [tf.nn.relu(normalization(view, training=training)) for view in views]
        return tf.split(self.output_layer(tf.concat(views, axis=0)), len(views))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units[1])

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "synchronized": self.normalization.synchronized,
            "hidden_layers": self.hidden_layers,
        }
