"""Post-Norm: the augmented batch back to mean 0 and standard deviation 1."""

import keras
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.replicas import moments_over_replicas

# As in the original: a constant batch gives zeros, not a division by zero.
_SMALLEST_STD = 1.19e-7


@keras.saving.register_keras_serializable(package="byola_keras")
class BatchStandardization(Float32Layer):
    """Standardises a batch by its own mean and standard deviation, one number each.

    Augmentation shifts the statistics of the input; this corrects the drift before the encoder.
    The same in training and in inference. Under a distribution strategy the statistics are those of
    the batches of all replicas together.

    Input shape:
        Any; `Augmentation` passes both views joined, [2 * batch, T, F].

    Output shape:
        Same as the input, with mean 0 and unbiased standard deviation 1; a constant input gives 0.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A, Fig. 3 ("Post-Norm"); the unbiased deviation is that
        of the authors' code.
    """

    def call(self, x):
        mean, std = self.statistics(x)
        return (x - mean) / std

    def statistics(self, x):
        """Mean and unbiased standard deviation of `x` over all replicas, two float32 scalars."""
        x = tf.convert_to_tensor(x)
        count, mean, variance = moments_over_replicas(x, list(range(x.shape.rank)))
        return mean, tf.maximum(tf.sqrt(variance * count / (count - 1.0)), _SMALLEST_STD)

    def compute_output_shape(self, input_shape):
        return input_shape
