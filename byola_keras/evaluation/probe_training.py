"""The layers of one seed while they train."""

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from byola_keras.models.adam import apply_adam

# Weight decay is that of the authors' evaluation code.
_BETA_1, _BETA_2, _EPSILON, _WEIGHT_DECAY = 0.9, 0.999, 1e-8, 1e-8


class TrainedLayers:
    """Dense layers as one matrix product, each with its own learning rate and its own state of Adam.

    The variables are TensorFlow's: a variable of Keras has one shape for ever, and these lose the columns of
    the layers that are left out. So no step computes what is done, and none is traced anew.

    Args:
        kernel: initial kernels, float32 [D, rates, C].
        bias: initial biases, float32 [rates, C].
        learning_rates: Adam's step sizes.
        multi_label: whether the loss is that of independent classes.
        class_weights: see `linear_probe`.

    Attributes:
        rates: numbers of the learning rates whose layers are there; all at first.
    """

    def __init__(
        self,
        kernel: np.ndarray,
        bias: np.ndarray,
        learning_rates: Sequence[float],
        multi_label: bool,
        class_weights: np.ndarray | None = None,
    ):
        self._classes, self._multi_label = bias.shape[-1], multi_label
        self._class_weights = class_weights
        self._learning_rates = np.array(learning_rates, np.float32)
        self.rates = list(range(len(learning_rates)))
        # Adam's step is the learning rate times a quotient that does not depend on it. Kernel and bias,
        # divided by the rates, step by the quotient alone: one update for all layers.
        self._units = tf.Variable(self._units_of(self.rates), shape=[None], trainable=False)
        divided = [weight / self._learning_rates[:, None] for weight in (kernel, bias[None])]
        self._weights = [_variable(value) for value in divided]
        self._slots = [[_variable(np.zeros_like(value)) for _ in range(2)] for value in divided]

    def _units_of(self, rates):
        return np.repeat(self._learning_rates[rates], self._classes)

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Kernels float32 [D, layers, C] and biases float32 [layers, C] of the layers that are there."""
        rates = self._learning_rates[self.rates][:, None]
        kernel, bias = (self._by_layer(weight) * rates for weight in self._weights)
        return kernel, bias[0]

    def keep(self, rates: Sequence[int]) -> None:
        """Leaves out all layers but those of these learning rates, numbers as in `rates`."""
        places = [self.rates.index(rate) for rate in rates]
        for variable in (*self._weights, *itertools.chain(*self._slots)):
            variable.assign(_flat(self._by_layer(variable)[:, places]))
        self.rates = list(rates)
        self._units.assign(self._units_of(self.rates))

    def _by_layer(self, variable):
        return variable.numpy().reshape(variable.shape[0], len(self.rates), self._classes)

    def scores(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Scores [clips, layers, C] of embeddings [clips, D]."""
        kernel, bias = self._weights
        scores = (tf.matmul(embeddings, kernel) + bias) * self._units
        return tf.reshape(scores, [tf.shape(scores)[0], tf.shape(scores)[1] // self._classes, self._classes])

    def train(self, embeddings: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """An update by Adam in PyTorch's form; returns the losses [layers] before it."""
        scores = self.scores(embeddings)
        with tf.GradientTape() as tape:
            tape.watch(scores)
            losses = self._losses(scores, targets)
        # The layers share no weight: the gradient of the sum is that of each.
        by_scores = tf.reshape(tape.gradient(losses, scores), [tf.shape(scores)[0], tf.size(self._units)])
        gradients = (tf.matmul(embeddings, by_scores, transpose_a=True), tf.reduce_sum(by_scores, 0, True))
        for weight, slots, gradient in zip(self._weights, self._slots, gradients, strict=True):
            decayed = gradient + _WEIGHT_DECAY * self._units * weight
            apply_adam(weight, *slots, decayed, step, 1.0, _BETA_1, _BETA_2, _EPSILON)
        return losses

    def _losses(self, scores, targets):
        """Mean over clips and classes, [layers]."""
        if self._multi_label:
            targets = tf.broadcast_to(targets[:, None, :], tf.shape(scores))
            if self._class_weights is None:
                each = tf.nn.sigmoid_cross_entropy_with_logits(targets, scores)
            else:
                each = tf.nn.weighted_cross_entropy_with_logits(targets, scores, self._class_weights)
            return tf.reduce_mean(each, axis=[0, 2])
        by_layer = tf.broadcast_to(targets[:, None], tf.shape(scores)[:-1])
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(by_layer, scores)
        if self._class_weights is not None:
            each *= tf.gather(self._class_weights, targets)[:, None]
        return tf.reduce_mean(each, axis=0) / self._classes


def _variable(value):
    """A variable whose second axis, layers and classes, may become shorter."""
    return tf.Variable(_flat(value), shape=[len(value), None], trainable=False)


def _flat(value):
    return value.reshape(len(value), -1)
