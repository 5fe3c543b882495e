"""Frame features to one embedding for the clip."""

import keras

_POOLINGS = ("mean_max", "mean", "max")


@keras.saving.register_keras_serializable(package="byola_keras")
class TemporalPooling(keras.layers.Layer):
    """Summarises frame features over time.

    Args:
        pooling: "mean_max" (the mean plus the maximum: a sum, not joined), "mean" or "max".

    Input shape:
        [batch, T', D].

    Output shape:
        [batch, D].

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-D, equation 5.
    """

    def __init__(self, pooling="mean_max", **kwargs):
        super().__init__(**kwargs)
        if pooling not in _POOLINGS:
            raise ValueError(f"`pooling` must be one of {_POOLINGS}. Received: pooling={pooling!r}")
        self.pooling = pooling

    def call(self, frames):
        if self.pooling == "mean":
            return keras.ops.mean(frames, axis=1)
        if self.pooling == "max":
            return keras.ops.max(frames, axis=1)
        return keras.ops.mean(frames, axis=1) + keras.ops.max(frames, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "pooling": self.pooling}
