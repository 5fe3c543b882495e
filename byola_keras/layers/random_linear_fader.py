"""Random linear fader: a random ramp of loudness over the clip."""

import keras
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.random_layer import RandomLayer, fold_in, uniform_per_clip


@keras.saving.register_keras_serializable(package="byola_keras")
class RandomLinearFader(Float32Layer, RandomLayer):
    """Adds a straight line over time to each log-mel spectrogram: a fade in, a fade out, or a shift.

    In training both ends are drawn independently from U(-gain, gain) for each clip; in inference
    the input passes unchanged.

    Args:
        gain: Float >= 0, the largest gain, in units of the normalised log-mel.
        seed: Integer or None.

    Input shape:
        [batch, T, F] normalised log-mel.

    Output shape:
        Same as the input.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A3, equations 5 and 6, where the ends are drawn from
        U(-1, 1). Unlike equation 5, whose line t / T does not quite reach its end at the last frame, the line
        is t / (T - 1), as in the authors' code.
    """

    def __init__(self, gain=1.0, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if gain < 0:
            raise ValueError(f"`gain` must not be negative. Received: gain={gain}")
        self.gain = gain

    def augment(self, x, seed):
        batch_size = tf.shape(x)[0]
        ends = [uniform_per_clip(fold_in(seed, end), batch_size, -self.gain, self.gain) for end in range(2)]
        return self.transform(x, *ends)

    def transform(self, x, start_gain, end_gain):
        """Fades `x` by given gains.

        Args:
            x: log-mel, [batch, T, F].
            start_gain: added to the first frame, [batch].
            end_gain: added to the last frame, [batch]; linear in between, equal for all mels.

        Returns:
            The faded log-mel, [batch, T, F].
        """
        position = tf.linspace(0.0, 1.0, tf.shape(x)[1])[None, :]
        start_gain, end_gain = start_gain[:, None], end_gain[:, None]
        return x + (start_gain + (end_gain - start_gain) * position)[:, :, None]

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}
