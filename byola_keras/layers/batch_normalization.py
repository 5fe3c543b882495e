"""Batch normalisation with PyTorch's running variance, by the fused kernel where there is one."""

import keras
import tensorflow as tf

from byola_keras.layers.replicas import moments_over_replicas, replica_count


@keras.saving.register_keras_serializable(package="byola_keras")
class BatchNormalization(keras.layers.Layer):
    """Normalises each channel by the statistics of the batch (training) or running ones (inference).

    `keras.layers.BatchNormalization` is not fused in Keras 3 and keeps the biased running variance;
    this one uses TensorFlow's fused kernel, and keeps the unbiased variance as PyTorch does.

    Args:
        momentum: Float, share of the old running statistics at each update.
        epsilon: Float, added to the variance.
        synchronized: Boolean. True: under a distribution strategy, the statistics of the batches of
            all replicas together. False: each its own.

    Input shape:
        [batch, channels] or [batch, T, F, channels].

    Output shape:
        Same as the input.
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, synchronized=True, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.synchronized = synchronized

    def build(self, input_shape):
        def weight(name, initializer, trainable):
            # Statistics stay float32 (float64 in a float64 model) under mixed precision.
            return self.add_weight(
                name=name,
                shape=(input_shape[-1],),
                initializer=initializer,
                trainable=trainable,
                autocast=False,
            )

        self.gamma = weight("gamma", "ones", True)
        self.beta = weight("beta", "zeros", True)
        self.moving_mean = weight("moving_mean", "zeros", False)
        self.moving_variance = weight("moving_variance", "ones", False)

    def call(self, x, training=None):
        if not self.uses_batch_statistics(training):
            return self._apply(x, *self.running_scale_and_offset())
        if x.dtype == tf.float64 or (self.synchronized and replica_count() > 1):
            return self._by_moments(x)
        return self._by_fused_kernel(x)

    def uses_batch_statistics(self, training):
        """Whether a call normalises by the statistics of the batch."""
        # As in Keras: a frozen layer normalises by its running statistics, and leaves them alone.
        return bool(training and self.trainable)

    def running_scale_and_offset(self):
        """(scale, offset) by which inference turns x into x * scale + offset, each [channels]."""
        return self.scale_and_offset(self.moving_mean.value, self.moving_variance.value)

    def scale_and_offset(self, mean, variance):
        """The same of given statistics, [channels]."""
        scale = self.gamma.value * tf.math.rsqrt(variance + self.epsilon)
        return scale, self.beta.value - mean * scale

    def update(self, mean, variance, count):
        """Updates the running statistics by those of a batch.

        Args:
            mean: [channels].
            variance: biased, [channels].
            count: scalar, number of values that each of them is of.
        """
        self._update(mean, variance * count / tf.maximum(count - 1.0, 1.0))

    def _by_fused_kernel(self, x):
        # The kernel takes images only: [batch, channels] becomes [batch, 1, 1, channels].
        image = x if x.shape.rank == 4 else x[:, None, None, :]
        y, mean, unbiased_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=image,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        self._update(mean, unbiased_variance)
        return tf.reshape(y, tf.shape(x))

    def _by_moments(self, x):
        values = tf.cast(x, self.gamma.dtype)
        axes = list(range(x.shape.rank - 1))
        if self.synchronized:
            count, mean, variance = moments_over_replicas(values, axes)
        else:
            mean, variance = tf.nn.moments(values, axes)
            count = tf.cast(tf.size(x) // tf.shape(x)[-1], values.dtype)
        self.update(mean, variance, count)
        return self._apply(x, *self.scale_and_offset(mean, variance))

    def _apply(self, x, scale, offset):
        return tf.cast(tf.cast(x, scale.dtype) * scale + offset, x.dtype)

    def _update(self, mean, unbiased_variance):
        self._assign(self.moving_mean, mean)
        self._assign(self.moving_variance, unbiased_variance)

    def _assign(self, running, value):
        value = tf.stop_gradient(tf.cast(value, running.dtype))
        running.assign(running.value * self.momentum + value * (1.0 - self.momentum))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "synchronized": self.synchronized,
        }
