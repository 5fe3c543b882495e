"""The BYOL-A encoder: log-mel spectrogram to frame features and one embedding."""

import keras
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.layers.dropout import Dropout
from byola_keras.layers.temporal_pooling import TemporalPooling
from byola_keras.models.initializers import dense, fan_in_uniform

_FLATTENS = ("freq_channel", "mean_freq", "mean_channel")
_FEATURES = ("local_global", "global", "local")


@keras.saving.register_keras_serializable(package="byola_keras")
class Encoder(keras.Model):
    """Convolutional encoder with local and global features (AudioNTT2022).

    Convolution blocks (3x3, batch normalisation, ReLU, 2x2 max pooling) make local features; a
    multilayer perceptron over each frame makes global ones from them; both are joined, frame by
    frame, and pooled over time. In training dropout is active and batch statistics are used.

    The defaults have 6,333,376 trainable parameters and an embedding of D = 1,024 + 2,048 = 3,072.

    Args:
        conv_blocks: Integer >= 1, number of convolution blocks; each halves time and mels.
        channels: Integer, channels of each convolution.
        mlp_units: Integers, sizes of the perceptron's layers.
        flatten: "freq_channel" (local feature mel-outer, channel-inner), "mean_freq" (averages the
            mels) or "mean_channel" (averages the channels).
        features: "local_global", "global" or "local": what a frame feature holds.
        pooling: "mean_max", "mean" or "max", see `TemporalPooling`.
        dropout: Float in [0, 1), between the perceptron's layers.
        synchronized: Boolean, batch statistics over all replicas, see `BatchNormalization`.
        seed: Integer or None, of the dropout masks.

    Input shape:
        [batch, T, F] normalised log-mel; F static, T at least 2 ** conv_blocks.

    Output shape:
        {"scene": [batch, D], "frames": [batch, T // 2 ** conv_blocks, D]}; called with `layers`, also
        {"layers": {name: features}}: "conv_1", "conv_2" ... [batch, T // 2 ** k, (F // 2 ** k) channels],
        the output of convolution block k with the mels joined (mel-outer, channel-inner); "local" and
        "global" [batch, T // 2 ** conv_blocks, size].

    Call arguments:
        layers: "all", or a list of some of `layer_names`; none by default.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-D and Table I.
    """

    def __init__(
        self,
        conv_blocks=2,
        channels=64,
        mlp_units=(2048, 2048),
        flatten="freq_channel",
        features="local_global",
        pooling="mean_max",
        dropout=0.3,
        synchronized=True,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if conv_blocks < 1:
            raise ValueError(f"`conv_blocks` must be at least 1. Received: conv_blocks={conv_blocks}")
        if flatten not in _FLATTENS:
            raise ValueError(f"`flatten` must be one of {_FLATTENS}. Received: flatten={flatten!r}")
        if features not in _FEATURES:
            raise ValueError(f"`features` must be one of {_FEATURES}. Received: features={features!r}")
        self.conv_blocks = conv_blocks
        self.channels = channels
        self.mlp_units = tuple(mlp_units)
        self.flatten = flatten
        self.features = features
        self.synchronized = synchronized
        self.convolutions, self.normalizations, self.mlp = [], [], []
        self.max_pooling = keras.layers.MaxPooling2D(2, dtype=self.dtype_policy)
        self.temporal_pooling = TemporalPooling(pooling, dtype=self.dtype_policy)
        self.dropout = Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, input_shape):
        channels_in = 1
        for _ in range(self.conv_blocks):
            initializer = fan_in_uniform(9 * channels_in)
            convolution = keras.layers.Conv2D(
                self.channels,
                3,
                padding="same",
                kernel_initializer=initializer,
                bias_initializer=initializer,
                dtype=self.dtype_policy,
            )
            normalization = BatchNormalization(synchronized=self.synchronized, dtype=self.dtype_policy)
            convolution.build((None, None, None, channels_in))
            normalization.build((None, None, None, self.channels))
            self.convolutions.append(convolution)
            self.normalizations.append(normalization)
            channels_in = self.channels
        width = self._local_size(input_shape[-1])
        for units in self._used_mlp_units():
            layer = dense(units, width, activation="relu", dtype=self.dtype_policy)
            layer.build((None, None, width))
            self.mlp.append(layer)
            width = units
        self.dropout.build(None)

    def _used_mlp_units(self):
        return () if self.features == "local" else self.mlp_units

    def _local_size(self, mels):
        mels //= 2**self.conv_blocks
        if mels < 1:
            raise ValueError(
                "`conv_blocks` halvings must leave at least one mel of the input. "
                f"Received: conv_blocks={self.conv_blocks}"
            )
        sizes = {
            "freq_channel": mels * self.channels,
            "mean_freq": self.channels,
            "mean_channel": mels,
        }
        return sizes[self.flatten]

    def embedding_size(self, mels=64):
        """D, the size of a frame feature and of the embedding, for an input of `mels` mel bins."""
        local = self._local_size(mels)
        sizes = {"local": local, "global": self.mlp_units[-1], "local_global": local + self.mlp_units[-1]}
        return sizes[self.features]

    @property
    def layer_names(self):
        """Names of the layers whose features `call` can give, from the input on."""
        blocks = [f"conv_{block}" for block in range(1, self.conv_blocks + 1)]
        return (*blocks, "local") if self.features == "local" else (*blocks, "local", "global")

    def call(self, x, training=None, layers=()):
        if x.shape[1] is not None and x.shape[1] < 2**self.conv_blocks:
            raise ValueError(
                "The input must have at least 2 ** conv_blocks frames. Received: "
                f"frames={x.shape[1]}, conv_blocks={self.conv_blocks}"
            )
        names = self._chosen_layers(layers)
        blocks = self._block_outputs(x, training)
        features = {f"conv_{number}": _join_mels(block) for number, block in enumerate(blocks, 1)}
        features["local"] = self._flattened(blocks[-1])
        if self.features != "local":
            features["global"] = self.global_features(features["local"], training)
        frames = (
            tf.concat([features["local"], features["global"]], axis=-1)
            if self.features == "local_global"
            else features[self.features]
        )
        output = {"scene": self.temporal_pooling(frames), "frames": frames}
        return {**output, "layers": {name: features[name] for name in names}} if names else output

    def _chosen_layers(self, layers):
        names = self.layer_names if layers == "all" else layers
        if isinstance(names, str) or not set(names) <= set(self.layer_names):
            raise ValueError(
                f"`layers` must be 'all' or a list of some of {self.layer_names}. Received: layers={layers!r}"
            )
        return names

    def _block_outputs(self, x, training):
        """Output of each convolution block, [batch, T / 2 ** block, F / 2 ** block, channels]."""
        x, outputs = tf.expand_dims(x, -1), []
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            x = self.max_pooling(tf.nn.relu(normalization(convolution(x), training=training)))
            outputs.append(x)
        return outputs

    def _flattened(self, x):
        if self.flatten == "mean_freq":
            return tf.reduce_mean(x, axis=2)
        if self.flatten == "mean_channel":
            return tf.reduce_mean(x, axis=3)
        return _join_mels(x)

    def local_features(self, x, training=None):
        """Flattened output of the convolutions, [batch, T', width]."""
        return self._flattened(self._block_outputs(x, training)[-1])

    def global_features(self, local, training=None):
        """Output of the perceptron on each frame, [batch, T', mlp_units[-1]]."""
        x = local
        for position, layer in enumerate(self.mlp):
            if position:
                x = self.dropout(x, training=training)
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape):
        batch, frames, mels = input_shape
        size = self.embedding_size(mels)
        frames = None if frames is None else frames // 2**self.conv_blocks
        return {"scene": (batch, size), "frames": (batch, frames, size)}

    def get_config(self):
        return {
            **super().get_config(),
            "conv_blocks": self.conv_blocks,
            "channels": self.channels,
            "mlp_units": self.mlp_units,
            "flatten": self.flatten,
            "features": self.features,
            "pooling": self.temporal_pooling.pooling,
            "dropout": self.dropout.rate,
            "synchronized": self.synchronized,
            "seed": self.dropout.seed,
        }


def _join_mels(x):
    """[batch, time, mel, channel] to [batch, time, mel x channel], mel-outer."""
    shape = tf.shape(x)
    return tf.reshape(x, [shape[0], shape[1], x.shape[2] * x.shape[3]])
