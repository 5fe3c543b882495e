"""ResNets as encoders: an image network on one channel, with the pooling of BYOL-A if asked for."""

import math

import keras
import tensorflow as tf

from byola_keras.layers.sequence_mask import zero_beyond
from byola_keras.layers.temporal_pooling import TemporalPooling
from byola_keras.models.encoder_layers import chosen_layers, join_mels, output_shapes
from byola_keras.models.residual_block import ResidualBlock, Unit

# Blocks of the four stages, and whether a block has a bottleneck.
_DEPTHS = {18: ((2, 2, 2, 2), False), 50: ((3, 4, 6, 3), True)}
_POOLINGS = ("global_average", "regp")
# (time, mel) strides of the first convolution, the max pooling and the stages 2, 3 and 4.
_STRIDES = ((2, 2), (2, 2), (2, 2), (2, 2), (2, 2))
_NARROW_STRIDES = ((1, 1), (2, 2), (2, 2), (2, 2), (2, 1))


@keras.saving.register_keras_serializable(package="byola_keras")
class ResNetEncoder(keras.Model):
    """ResNet-18 or ResNet-50 on log-mel spectrograms, without a classifier.

    The network is that of He et al. with one input channel: a 7x7 convolution, a 3x3 max pooling and four
    stages of residual blocks. Its strides are [2, 2, 2, 2, 2], or with a narrow receptive field [1, 2, 2, 2,
    [1, 2]] for [frequency, time], so that an input of 64 mels and 96 frames leaves [2, 3] or [8, 6]
    positions.

    | depth | pooling | narrow | embedding | trainable parameters |
    |---|---|---|---|---|
    | 18 | global_average | no | 512 | 11,170,240 |
    | 18 | regp | no | 1,024 | 11,170,240 |
    | 18 | regp | yes | 4,096 | 11,170,240 |
    | 50 | regp | yes | 16,384 | 23,501,760 |

    Args:
        depth: 18 or 50.
        pooling: "global_average" over time and frequency, as in image networks; or "regp", the pooling of
            BYOL-A: frequency and channels joined for each frame, then the sum of mean and maximum over time.
        narrow_receptive_field: Boolean, the strides of Appendix A.
        channels: Integer, channels of the first stage; each further stage has twice as many.
        synchronized: Boolean, batch statistics over all replicas, see `BatchNormalization`.

    Input shape:
        [batch, T, F] normalised log-mel; F static, at least as many mels as the strides leave one of; T at
        least `stride`.

    Output shape:
        {"scene": [batch, D], "frames": [batch, T // stride, D]}, where stride is 32, or 16 with a narrow
        receptive field; frames beyond the last whole stride are left out. What a frame feature sees is
        centred on the first of its stride's frames. Called with `layers`, also
        {"layers": {name: features}}: "stem" and "stage_1" to "stage_4", [batch, T // strides[name], mels x
        channels].

    Call arguments:
        training: Boolean, whether batch statistics are used.
        layers: "all", or a list of some of `layer_names`; none by default.
        lengths: int [batch] or None: frames of the input that belong to each clip of a padded batch.

    Reference:
        https://arxiv.org/abs/2204.07402, Appendix A (Table XV) and Section IV-E2 (Table VII);
        He et al., https://arxiv.org/abs/1512.03385. The initial weights are He's normal distribution by the
        fan-out, as image libraries have them.
    """

    # The padding is symmetric: the first frame feature of every layer sees as far to the left of the first
    # front-end frame as to its right.
    first_centre = 0.0

    def __init__(
        self,
        depth=18,
        pooling="global_average",
        narrow_receptive_field=False,
        channels=64,
        synchronized=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if depth not in _DEPTHS:
            raise ValueError(f"`depth` must be one of {tuple(_DEPTHS)}. Received: depth={depth}")
        if pooling not in _POOLINGS:
            raise ValueError(f"`pooling` must be one of {_POOLINGS}. Received: pooling={pooling!r}")
        if channels < 1:
            raise ValueError(f"`channels` must be positive. Received: channels={channels}")
        self.depth = depth
        self.resnet_pooling = pooling
        self.narrow_receptive_field = narrow_receptive_field
        self.channels = channels
        self.synchronized = synchronized
        self._unit_strides = _NARROW_STRIDES if narrow_receptive_field else _STRIDES
        self.layer_names = ("stem", *(f"stage_{number}" for number in range(1, 5)))
        # "mean" of frames that are means over frequency is the average over both.
        self.pooling = "mean" if pooling == "global_average" else "mean_max"
        self.temporal_pooling = TemporalPooling(self.pooling, dtype=self.dtype_policy)
        options = {"synchronized": synchronized, "dtype": self.dtype_policy}
        self.stem = Unit(channels, 7, self._unit_strides[0], name="stem", **options)
        self.max_pooling = keras.layers.MaxPooling2D(3, self._unit_strides[1], dtype=self.dtype_policy)
        self.stages = [self._stage(number, options) for number in range(4)]

    def _stage(self, number, options):
        blocks, bottleneck = _DEPTHS[self.depth]
        first = (1, 1) if number == 0 else self._unit_strides[number + 1]
        return [
            ResidualBlock(
                self.channels * 2**number,
                first if block == 0 else (1, 1),
                bottleneck,
                name=f"stage_{number + 1}_block_{block + 1}",
                **options,
            )
            for block in range(blocks[number])
        ]

    @property
    def strides(self):
        """Front-end frames that a frame of each of `layer_names` covers, by name."""
        time = [stride for stride, _ in self._unit_strides]
        products = [math.prod(time[:count]) for count in (1, 2, 3, 4, 5)]
        return dict(zip(self.layer_names, products, strict=True))

    @property
    def stride(self):
        """Front-end frames that one frame feature covers."""
        return self.strides["stage_4"]

    @property
    def context(self):
        """Frame features on each side of a border that see beyond it: half the receptive field."""
        reach, jump = 3, self._unit_strides[0][0]
        reach, jump = reach + jump, jump * self._unit_strides[1][0]
        for blocks in self.stages:
            for block in blocks:
                reach += block.time_reach * jump + block.time_reach_after_stride * jump * block.stride[0]
                jump *= block.stride[0]
        return math.ceil(reach / self.stride)

    def build(self, input_shape):
        mels = input_shape[-1]
        if mels < self._mel_stride():
            raise ValueError(
                f"The input must have at least {self._mel_stride()} mels, one position of the last stage. "
                f"Received: mels={mels}"
            )
        shape = (None, None, None, 1)
        for layer in (self.stem, *(block for blocks in self.stages for block in blocks)):
            layer.build(shape)
            shape = (None, None, None, layer.channels_out)

    def _mel_stride(self, count=5):
        return math.prod(stride for _, stride in self._unit_strides[:count])

    def _positions(self, mels, count=5):
        """Mel positions after `count` strides, each of which rounds up."""
        for _, stride in self._unit_strides[:count]:
            mels = -(-mels // stride)
        return mels

    def _layer_sizes(self, mels):
        """Features of a frame of each of `layer_names`."""
        channels = (self.stem.channels_out, *(blocks[-1].channels_out for blocks in self.stages))
        return {
            name: self._positions(mels, count) * size
            for count, (name, size) in enumerate(zip(self.layer_names, channels, strict=True), 1)
        }

    def embedding_size(self, n_mels=64):
        """D, the size of the embedding for an input of `n_mels` mel bins."""
        if self.resnet_pooling == "global_average":
            return self.stages[-1][-1].channels_out
        return self._layer_sizes(n_mels)["stage_4"]

    def call(self, x, training=None, layers=(), lengths=None):
        if x.shape[1] is not None and x.shape[1] < self.stride:
            raise ValueError(
                f"The input must have at least {self.stride} frames. Received: frames={x.shape[1]}"
            )
        names = chosen_layers(layers, self.layer_names)
        # Whole strides only: then every layer halves the frames exactly, in a chunk as in the whole.
        x = tf.expand_dims(x[:, : tf.shape(x)[1] // self.stride * self.stride], -1)
        counts = None if lengths is None else tf.cast(lengths, tf.int32) // self.stride * self.stride
        outputs = self._stage_outputs(x, training, counts)
        last = outputs["stage_4"]
        frames = tf.reduce_mean(last, axis=2) if self.resnet_pooling == "global_average" else join_mels(last)
        pooled = None if counts is None else counts // self.stride
        output = {"scene": self.temporal_pooling(frames, lengths=pooled), "frames": frames}
        return {**output, "layers": {name: join_mels(outputs[name]) for name in names}} if names else output

    def _stage_outputs(self, x, training, counts):
        """Output of each of `layer_names`, [batch, time, mel, channels], zero beyond `counts` frames."""

        def positions(name):
            return None if counts is None else counts // self.strides[name]

        x = self.stem(zero_beyond(x, counts), training=training, activated=True)
        outputs = {"stem": zero_beyond(x, positions("stem"))}
        # All values are positive: zeros around them are as good as minus infinity.
        x = self.max_pooling(tf.pad(outputs["stem"], [[0, 0], [1, 1], [1, 1], [0, 0]]))
        x = zero_beyond(x, positions("stage_1"))
        for name, blocks in zip(self.layer_names[1:], self.stages, strict=True):
            for block in blocks:
                x = block(x, training=training, counts=positions(name))
            outputs[name] = x
        return outputs

    def compute_output_shape(self, input_shape):
        return output_shapes(self, input_shape)

    def compute_output_spec(self, x, training=None, layers=(), lengths=None):
        # `compute_output_shape` cannot know of `layers`.
        def spec(frames, *size):
            return keras.KerasTensor((x.shape[0], *frames, *size), dtype=self.compute_dtype)

        def frames_at(stride):
            return (None if x.shape[1] is None else x.shape[1] // self.stride * self.stride // stride,)

        names, size = chosen_layers(layers, self.layer_names), self.embedding_size(x.shape[-1])
        output = {"scene": spec((), size), "frames": spec(frames_at(self.stride), size)}
        sizes = self._layer_sizes(x.shape[-1])
        chosen = {name: spec(frames_at(self.strides[name]), sizes[name]) for name in names}
        return {**output, "layers": chosen} if names else output

    def get_config(self):
        return {
            **super().get_config(),
            "depth": self.depth,
            "pooling": self.resnet_pooling,
            "narrow_receptive_field": self.narrow_receptive_field,
            "channels": self.channels,
            "synchronized": self.synchronized,
        }
