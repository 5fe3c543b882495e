"""The BYOL-A encoder: log-mel spectrogram to frame features and one embedding."""

import keras
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.layers.dropout import Dropout
from byola_keras.layers.sequence_mask import zero_beyond
from byola_keras.layers.temporal_pooling import TemporalPooling
from byola_keras.models.convolution_block import convolution_block
from byola_keras.models.encoder_layers import chosen_layers, join_mels, output_shapes
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
        {"scene": [batch, D], "frames": [batch, T // stride, D]}, where stride is 2 ** conv_blocks; called
        with `layers`, also {"layers": {name: features}}: "conv_1", "conv_2" ... [batch, T // 2 ** k, (F // 2
        ** k) channels], the output of convolution block k with the mels joined (mel-outer, channel-inner);
        "local" and "global" [batch, T // stride, size].

    Call arguments:
        training: Boolean, whether dropout is active and batch statistics are used.
        layers: "all", or a list of some of `layer_names`; none by default.
        lengths: int [batch] or None: frames of the input that belong to each clip of a padded batch. Scene
            and features of a clip then are those of the clip alone; features beyond its end are 0.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A4 and Table I.
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
        self.stride = 2**conv_blocks
        # Each 3x3 convolution reaches one position further over a border, each pooling halves the positions:
        # after any number of blocks it is one frame that depends on what lies beyond.
        self.context = 1
        self.convolutions, self.normalizations, self.mlp = [], [], []
        self.max_pooling = keras.layers.MaxPooling2D(2, dtype=self.dtype_policy)
        self.temporal_pooling = TemporalPooling(pooling, dtype=self.dtype_policy)
        self.dropout = Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, input_shape):
        channels_in = 1
        for block in range(1, self.conv_blocks + 1):
            initializer = fan_in_uniform(9 * channels_in)
            convolution = keras.layers.Conv2D(
                self.channels,
                3,
                padding="same",
                kernel_initializer=initializer,
                bias_initializer=initializer,
                dtype=self.dtype_policy,
                name=f"convolution_{block}",
            )
            normalization = BatchNormalization(
                synchronized=self.synchronized, dtype=self.dtype_policy, name=f"batch_normalization_{block}"
            )
            convolution.build((None, None, None, channels_in))
            normalization.build((None, None, None, self.channels))
            self.convolutions.append(convolution)
            self.normalizations.append(normalization)
            channels_in = self.channels
        width = self._local_size(input_shape[-1])
        for number, units in enumerate(self._used_mlp_units(), 1):
            layer = dense(units, width, activation="relu", dtype=self.dtype_policy, name=f"mlp_{number}")
            layer.build((None, None, width))
            self.mlp.append(layer)
            width = units
        self.dropout.build(None)

    def _used_mlp_units(self):
        return () if self.features == "local" else self.mlp_units

    def _local_size(self, mels):
        mels //= self.stride
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

    @property
    def pooling(self):
        """How the scene follows from the frames: "mean_max", "mean" or "max"."""
        return self.temporal_pooling.pooling

    @property
    def strides(self):
        """Front-end frames that a frame of each of `layer_names` covers, by name."""
        halved = {f"conv_{block}": 2**block for block in range(1, self.conv_blocks + 1)}
        return {name: halved.get(name, self.stride) for name in self.layer_names}

    def embedding_size(self, n_mels=64):
        """D, the size of a frame feature and of the embedding, for an input of `n_mels` mel bins."""
        local = self._local_size(n_mels)
        sizes = {"local": local, "global": self.mlp_units[-1], "local_global": local + self.mlp_units[-1]}
        return sizes[self.features]

    @property
    def layer_names(self):
        """Names of the layers whose features `call` can give, from the input on."""
        blocks = [f"conv_{block}" for block in range(1, self.conv_blocks + 1)]
        return (*blocks, "local") if self.features == "local" else (*blocks, "local", "global")

    def call(self, x, training=None, layers=(), lengths=None):
        if x.shape[1] is not None and x.shape[1] < self.stride:
            raise ValueError(
                "The input must have at least 2 ** conv_blocks frames. Received: "
                f"frames={x.shape[1]}, conv_blocks={self.conv_blocks}"
            )
        names = chosen_layers(layers, self.layer_names)
        blocks = self._block_outputs(x, training, lengths)
        features = {f"conv_{number}": join_mels(block) for number, block in enumerate(blocks, 1)}
        features["local"] = self._flattened(blocks[-1])
        counts = None if lengths is None else lengths // self.stride
        if self.features != "local":
            features["global"] = zero_beyond(self.global_features(features["local"], training), counts)
        parts = [features[name] for name in self.features.split("_")]
        # Each part is pooled by itself: training needs no joined frames, which cost passes over all of them.
        scene = tf.concat([self.temporal_pooling(part, lengths=counts) for part in parts], axis=-1)
        output = {"scene": scene, "frames": tf.concat(parts, axis=-1)}
        return {**output, "layers": {name: features[name] for name in names}} if names else output

    def _block_outputs(self, x, training, lengths):
        """Output of each convolution block, [batch, T / 2 ** block, F / 2 ** block, channels]."""
        # A clip alone has zeros beyond its end at the input of every convolution.
        x, outputs = zero_beyond(tf.expand_dims(x, -1), lengths), []
        for block, convolution in enumerate(self.convolutions):
            x = convolution_block(x, convolution, self.normalizations[block], self.max_pooling, training)
            x = zero_beyond(x, None if lengths is None else lengths // 2 ** (block + 1))
            outputs.append(x)
        return outputs

    def _flattened(self, x):
        if self.flatten == "mean_freq":
            return tf.reduce_mean(x, axis=2)
        if self.flatten == "mean_channel":
            return tf.reduce_mean(x, axis=3)
        return join_mels(x)

    def global_features(self, local, training=None):
        """Output of the perceptron on each frame, [batch, T', mlp_units[-1]]."""
        # Of two axes: only then TensorFlow joins product, bias and ReLU to one pass.
        x = tf.reshape(local, [-1, local.shape[-1]])
        for position, layer in enumerate(self.mlp):
            if position:
                x = self.dropout(x, training=training)
            x = layer(x)
        shape = tf.shape(local)
        return tf.reshape(x, [shape[0], shape[1], x.shape[-1]])

    def compute_output_shape(self, input_shape):
        return output_shapes(self, input_shape)

    def compute_output_spec(self, x, training=None, layers=(), lengths=None):
        # `compute_output_shape` cannot know of `layers`.
        names = chosen_layers(layers, self.layer_names)
        output = {name: self._spec(shape) for name, shape in self.compute_output_shape(x.shape).items()}
        sizes = self._layer_sizes(x.shape[-1])
        frames = {name: None if x.shape[1] is None else x.shape[1] // self.strides[name] for name in names}
        chosen = {name: self._spec((x.shape[0], frames[name], sizes[name])) for name in names}
        return {**output, "layers": chosen} if names else output

    def _layer_sizes(self, mels):
        """Features of a frame of each of `layer_names`."""
        sizes = {f"conv_{block}": (mels >> block) * self.channels for block in range(1, self.conv_blocks + 1)}
        sizes["local"] = self._local_size(mels)
        return sizes if self.features == "local" else {**sizes, "global": self.mlp_units[-1]}

    def _spec(self, shape):
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "conv_blocks": self.conv_blocks,
            "channels": self.channels,
            "mlp_units": self.mlp_units,
            "flatten": self.flatten,
            "features": self.features,
            "pooling": self.pooling,
            "dropout": self.dropout.rate,
            "synchronized": self.synchronized,
            "seed": self.dropout.seed,
        }
