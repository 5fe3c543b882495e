"""The blocks of a ResNet."""

import keras
import tensorflow as tf

from byola_keras.layers.batch_normalization import BatchNormalization
from byola_keras.layers.sequence_mask import zero_beyond


class Unit(keras.layers.Layer):
    """A convolution without bias and batch normalisation, then ReLU if asked for.

    Args:
        channels: Integer, output channels.
        size: Integer, height and width of the kernel, odd.
        strides: (time, mel) integers.
        synchronized: Boolean, see `BatchNormalization`.

    Input shape:
        [batch, T, F, channels in].

    Output shape:
        [batch, ceil(T / strides[0]), ceil(F / strides[1]), channels].
    """

    def __init__(self, channels, size=3, strides=(1, 1), synchronized=True, **kwargs):
        super().__init__(**kwargs)
        self.channels_out = channels
        # Output t of a strided convolution is centred on input t x stride, at any length. "same" would shift
        # it by the remainder of the length.
        self._padding = [[0, 0], [size // 2] * 2, [size // 2] * 2, [0, 0]]
        self.convolution = keras.layers.Conv2D(
            channels,
            size,
            strides,
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal"),
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.normalization = BatchNormalization(
            synchronized=synchronized, dtype=self.dtype_policy, name="batch_normalization"
        )

    def build(self, input_shape):
        self.convolution.build(input_shape)
        self.normalization.build((None, None, None, self.channels_out))

    def call(self, x, training=None, activated=False):
        x = self.normalization(self.convolution(tf.pad(x, self._padding)), training=training)
        return tf.nn.relu(x) if activated else x


class ResidualBlock(keras.layers.Layer):
    """Two 3x3 convolutions, or 1x1, 3x3 and 1x1 as a bottleneck, beside a shortcut.

    Args:
        channels: Integer, channels of the 3x3 convolutions; a bottleneck gives four times as many.
        stride: (time, mel) integers of the first 3x3 convolution and of the shortcut.
        bottleneck: Boolean.
        synchronized: Boolean, see `BatchNormalization`.

    Input shape:
        [batch, T, F, channels in].

    Output shape:
        [batch, ceil(T / stride[0]), ceil(F / stride[1]), channels_out].

    Call arguments:
        counts: int [batch] or None: positions of the output that belong to each clip; what lies beyond is 0.

    Attributes:
        time_reach: positions of the input over which an output reaches to one side, up to the stride.
        time_reach_after_stride: positions of the output that come on top of that.

    Reference:
        He et al., https://arxiv.org/abs/1512.03385, Fig. 5; the stride lies in the 3x3 convolution.
    """

    def __init__(self, channels, stride=(1, 1), bottleneck=False, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        self.stride = tuple(stride)
        self.channels_out = 4 * channels if bottleneck else channels
        self.time_reach, self.time_reach_after_stride = 1, 0 if bottleneck else 1
        options = {"synchronized": synchronized, "dtype": self.dtype_policy}
        if bottleneck:
            self.units = [
                Unit(channels, 1, name="unit_1", **options),
                Unit(channels, 3, self.stride, name="unit_2", **options),
                Unit(self.channels_out, 1, name="unit_3", **options),
            ]
        else:
            self.units = [
                Unit(channels, 3, self.stride, name="unit_1", **options),
                Unit(channels, 3, name="unit_2", **options),
            ]
        self.shortcut = Unit(self.channels_out, 1, self.stride, name="shortcut", **options)
        self._identity = False

    def build(self, input_shape):
        self._identity = self.stride == (1, 1) and input_shape[-1] == self.channels_out
        shape = input_shape
        for unit in self.units:
            unit.build(shape)
            shape = (None, None, None, unit.channels_out)
        if self._identity:
            self.shortcut = None
        else:
            self.shortcut.build(input_shape)

    def call(self, x, training=None, counts=None):
        shortcut = x if self._identity else self.shortcut(x, training=training)
        positions = None if counts is None else counts * self.stride[0]
        for number, unit in enumerate(self.units):
            if unit.convolution.strides == self.stride:
                positions = counts
            last = number == len(self.units) - 1
            x = unit(x, training=training, activated=not last)
            # A clip alone has zeros beyond its end at the input of every convolution.
            x = x if last else zero_beyond(x, positions)
        return zero_beyond(tf.nn.relu(x + shortcut), counts)
