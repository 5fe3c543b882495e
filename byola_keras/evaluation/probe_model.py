"""Many dense layers as one model: a pair of a seed and a learning rate each."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_WEIGHT_DECAY = 1e-8
# Most clips, and most scores of all layers, that are computed at a time.
_SCORED_CLIPS, _SCORES = 4096, 2**24


class ProbeModel(keras.Model):
    """Dense layers that share one matrix product and train side by side.

    All layers of a seed see the same batches and start from the same weights (PyTorch's default: uniform
    within 1 / sqrt(D)); the learning rates differ.

    Args:
        mean: float32 [D], taken from the embeddings.
        std: float32 [D], by which they are divided then.
        classes: outputs of each layer.
        learning_rates: Adam's step sizes.
        seeds: of the initial weights.
        multi_label: whether the loss is that of independent classes.
    """

    def __init__(
        self,
        mean: np.ndarray,
        std: np.ndarray,
        classes: int,
        learning_rates: Sequence[float],
        seeds: Sequence[int],
        multi_label: bool,
    ):
        super().__init__()
        self.learning_rates, self.seeds = tuple(learning_rates), tuple(seeds)
        self._mean, self._std = tf.constant(mean), tf.constant(std)
        self._multi_label = multi_label
        limit = 1 / np.sqrt(len(mean))
        shape = (len(seeds), 1, len(learning_rates), classes)
        kernel, bias = np.zeros((len(seeds), len(mean), *shape[2:]), np.float32), np.zeros(shape, np.float32)
        for number, seed in enumerate(seeds):
            draws = np.random.default_rng((seed, 0))
            kernel[number] = draws.uniform(-limit, limit, (len(mean), 1, classes))
            bias[number] = draws.uniform(-limit, limit, (1, 1, classes))
        self.kernel = self._variable(kernel)
        self.bias = self._variable(bias)
        self._slots = [
            [tf.Variable(tf.zeros_like(weight), trainable=False) for _ in range(2)]
            for weight in (self.kernel.value, self.bias.value)
        ]
        self._step = tf.Variable(0.0, trainable=False)
        self.built = True

    def _variable(self, value):
        return self.add_weight(shape=value.shape, initializer=lambda shape, dtype: tf.constant(value))

    def call(self, embeddings):
        """Scores [seeds, batch, rates, classes] of embeddings [seeds or 1, batch, D]."""
        return self._call(embeddings, self.kernel.value, self.bias.value)

    def _call(self, embeddings, kernel, bias):
        seeds, size, rates, classes = kernel.shape
        standardised = (embeddings - self._mean) / self._std
        products = tf.matmul(standardised, tf.reshape(kernel, [seeds, size, rates * classes]))
        return tf.reshape(products, [seeds, -1, rates, classes]) + bias

    def train_step(self, data):
        embeddings, targets = data
        weights = [self.kernel.value, self.bias.value]
        with tf.GradientTape() as tape:
            losses = self._pair_losses(self.call(embeddings), targets)
            # The pairs share no weight: the gradient of the sum is that of each.
            loss = tf.reduce_sum(losses)
        self._apply_adam(weights, tape.gradient(loss, weights))
        return {"loss": loss / losses.shape.num_elements()}

    def _pair_losses(self, scores, targets):
        """Mean over clips and classes, [seeds, rates]."""
        if self._multi_label:
            targets = tf.broadcast_to(targets[:, :, None, :], tf.shape(scores))
            each = tf.nn.sigmoid_cross_entropy_with_logits(targets, scores)
            return tf.reduce_mean(each, axis=[1, 3])
        targets = tf.broadcast_to(targets[:, :, None], tf.shape(scores)[:-1])
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, scores)
        return tf.reduce_mean(each, axis=1) / scores.shape[-1]

    def _apply_adam(self, weights, gradients):
        """Adam in PyTorch's form, each pair with its own learning rate."""
        step = self._step.assign_add(1.0)
        rates = tf.constant(self.learning_rates, tf.float32)[:, None] / (1 - _BETA_1**step)
        for weight, gradient, (mean, square) in zip(weights, gradients, self._slots, strict=True):
            decayed = gradient + _WEIGHT_DECAY * weight
            mean.assign(_BETA_1 * mean + (1 - _BETA_1) * decayed)
            square.assign(_BETA_2 * square + (1 - _BETA_2) * tf.square(decayed))
            root = tf.sqrt(square / (1 - _BETA_2**step))
            weight.assign_sub(rates * mean / (root + _EPSILON))

    def scores(
        self, embeddings: np.ndarray, rows: Sequence | None = None, rate: int | None = None
    ) -> np.ndarray:
        """Scores of many clips.

        Args:
            embeddings: [clips, D].
            rows: of each seed, the clips that are scored; None for all.
            rate: number of the only learning rate that is scored; None for all.

        Returns:
            float32 [seeds, rates, clips, classes]; without the axis of the rates if one is given.
        """
        weights = [self.kernel.value, self.bias.value]
        if rate is not None:
            weights = [weight[:, :, rate : rate + 1] for weight in weights]
        parts = [
            self._score(tf.constant(embeddings[taken]), *weights).numpy()
            for taken in self._pieces(len(embeddings), rows)
        ]
        scores = np.concatenate(parts, axis=1).transpose(0, 2, 1, 3)
        return scores if rate is None else scores[:, 0]

    def hits(self, embeddings: np.ndarray, labels: np.ndarray, rows: Sequence | None = None) -> np.ndarray:
        """How many clips have their highest score at their class; the scores are never held all at once.

        Args:
            embeddings: [clips, D].
            labels: class numbers [clips].
            rows: of each seed, the clips that are scored; None for all.

        Returns:
            int64 [seeds, rates].
        """
        return sum(
            self._hits(tf.constant(embeddings[taken]), tf.constant(labels[taken])).numpy()
            for taken in self._pieces(len(embeddings), rows)
        )

    def _pieces(self, count, rows):
        """Numbers of the clips [seeds or 1, clips] that are scored at a time."""
        seeds, _, rates, classes = self.kernel.shape
        size = max(1, min(_SCORED_CLIPS, _SCORES // (seeds * rates * classes)))
        rows = np.arange(count)[None] if rows is None else np.stack(rows)
        return [rows[:, start : start + size] for start in range(0, rows.shape[1], size)]

    @tf.function(reduce_retracing=True)
    def _score(self, embeddings, kernel, bias):
        return self._call(embeddings, kernel, bias)

    @tf.function(reduce_retracing=True)
    def _hits(self, embeddings, labels):
        best = tf.argmax(self.call(embeddings), axis=-1, output_type=labels.dtype)
        return tf.math.count_nonzero(best == labels[:, :, None], axis=1)
