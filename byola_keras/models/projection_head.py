"""The projector and the predictor of BYOL."""

import keras
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.models.initializers import dense


@keras.saving.register_keras_serializable(package="byola_keras")
class ProjectionHead(keras.layers.Layer):
    """Dense, batch normalisation, ReLU, dense.

    Args:
        units: (hidden, output) sizes.
        synchronized: Boolean, batch statistics over all replicas, see `BatchNormalization`.

    Input shape:
        [batch, features].

    Output shape:
        [batch, units[1]].

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-B1: (4096, 256).
    """

    def __init__(self, units=(4096, 256), synchronized=True, **kwargs):
        super().__init__(**kwargs)
        if len(units) != 2:
            raise ValueError(f"`units` must be (hidden, output) sizes. Received: units={units}")
        self.units = tuple(units)
        self.normalization = BatchNormalization(
            synchronized=synchronized, dtype=self.dtype_policy, name="batch_normalization"
        )

    def build(self, input_shape):
        hidden_units, output_units = self.units
        self.hidden = dense(hidden_units, input_shape[-1], dtype=self.dtype_policy, name="hidden")
        self.output_layer = dense(output_units, hidden_units, dtype=self.dtype_policy, name="output")
        self.hidden.build(input_shape)
        self.normalization.build((None, hidden_units))
        self.output_layer.build((None, hidden_units))

    def call(self, x, training=None):
        return self.of_views([x], training)[0]

    def of_views(self, views, training=None):
        """Outputs of several inputs of equally many rows, each normalised by itself, as a list.

        The dense layers see all of them as one batch: their weights are read, and the gradients of these
        written, once.
        """
        hidden = tf.split(self.hidden(tf.concat(views, axis=0)), len(views))
        hidden = [tf.nn.relu(self.normalization(view, training=training)) for view in hidden]
        return tf.split(self.output_layer(tf.concat(hidden, axis=0)), len(views))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units[1])

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "synchronized": self.normalization.synchronized,
        }
