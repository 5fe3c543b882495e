"""The "Gaussian" block of the paper's ablations: log-mixup-exp with noise for background."""

import keras
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.log_mixup_exp import log_mixup_exp
from byola_keras.layers.random_layer import RandomLayer, fold_in, uniform, uniform_per_clip
from byola_keras.layers.replicas import replica_id


@keras.saving.register_keras_serializable(package="byola_keras")
class GaussianMixup(Float32Layer, RandomLayer):
    """Mixes each clip with Gaussian noise at a small random ratio.

    Stands in for `LogMixupExp` in ablations. In training each clip draws its own ratio from
    U(0, max_ratio); in inference the input passes unchanged.

    Args:
        max_ratio: Float in [0, 1], the largest share of the noise.
        stddev: Float >= 0, standard deviation of the noise, in units of the normalised log-mel.
        seed: Integer or None.

    Input shape:
        [batch, T, F] normalised log-mel.

    Output shape:
        Same as the input.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-D1: points drawn from N(0, 0.4); results in Table VI.
    """

    def __init__(self, max_ratio=0.2, stddev=0.4, seed=None, **kwargs):
        super().__init__(seed=seed, **kwargs)
        if not 0 <= max_ratio <= 1:
            raise ValueError(f"`max_ratio` must lie in [0, 1]. Received: max_ratio={max_ratio}")
        if stddev < 0:
            raise ValueError(f"`stddev` must not be negative. Received: stddev={stddev}")
        self.max_ratio = max_ratio
        self.stddev = stddev

    def augment(self, x, seed):
        ratio = uniform_per_clip(fold_in(seed, 0), tf.shape(x)[0], 0.0, self.max_ratio)
        noise_seed = fold_in(fold_in(seed, 1), replica_id())
        # The inverse of the normal distribution function; half a step keeps it away from 0.
        noise = self.stddev * tf.math.ndtri(uniform(noise_seed, tf.shape(x)) + 2.0**-25)
        return log_mixup_exp(x, noise, ratio[:, None, None])

    def get_config(self):
        return {**super().get_config(), "max_ratio": self.max_ratio, "stddev": self.stddev}
