"""Many dense layers as one model: a pair of a seed and a learning rate each."""

import itertools
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.standardised import Standardised
from byola_keras.models.adam import apply_adam

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_WEIGHT_DECAY = 1e-8
# Most clips, and most scores of all layers, that are computed at a time.
_SCORED_CLIPS, _SCORES = 4096, 2**24


class ProbeModel(keras.Model):
    """Dense layers that train side by side; those that are done are left out.

    All layers of a seed see the same batches and start from the same weights (PyTorch's default: uniform
    within 1 / sqrt(D)); the learning rates differ.

    Args:
        size: of the embeddings, D.
        classes: outputs of each layer.
        learning_rates: Adam's step sizes.
        seeds: of the initial weights.
        multi_label: whether the loss is that of independent classes.
    """

    def __init__(
        self,
        size: int,
        classes: int,
        learning_rates: Sequence[float],
        seeds: Sequence[int],
        multi_label: bool,
    ):
        super().__init__()
        self.groups = [SeedLayers(size, classes, learning_rates, seed, multi_label) for seed in seeds]
        self._step = tf.Variable(0.0, trainable=False)
        self.built = True

    def train_step(self, data):
        """A step of the layers on embeddings [seeds, batch, D] and targets [seeds, batch, ...]."""
        step = self._step.assign_add(1.0)
        losses = [
            group.train(embeddings, targets, step)
            for group, embeddings, targets in zip(self.groups, *map(tf.unstack, data), strict=True)
        ]
        return {"loss": tf.reduce_mean(tf.concat(losses, axis=0))}

    def scores(self, source: Standardised, rows: np.ndarray | None = None) -> list[np.ndarray]:
        """Scores of many clips.

        Args:
            source: the clips.
            rows: numbers of the clips of each seed that are scored, [seeds, clips]; None for all.

        Returns:
            For each seed float32 [layers, clips, classes].
        """
        pieces = [self._score(source, tf.constant(taken)) for taken in self._pieces(source, rows)]
        return [
            np.concatenate([scores.numpy() for scores in of_group]).transpose(1, 0, 2)
            for of_group in zip(*pieces, strict=True)
        ]

    def hits(
        self, source: Standardised, labels: np.ndarray, rows: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """How many clips have their highest score at their class; the scores are never held all at once.

        Args:
            source: the clips.
            labels: class numbers [clips].
            rows: numbers of the clips of each seed that are scored, [seeds, clips]; None for all.

        Returns:
            For each seed int64 [layers].
        """
        pieces = [
            self._hits(source, tf.constant(taken), tf.constant(labels[taken]))
            for taken in self._pieces(source, rows)
        ]
        return [sum(hits.numpy() for hits in of_group) for of_group in zip(*pieces, strict=True)]

    def _pieces(self, source, rows):
        """Numbers of the clips [seeds or 1, clips] that are scored at a time."""
        layers = sum(len(group.live) for group in self.groups)
        size = max(1, min(_SCORED_CLIPS, _SCORES // (layers * self.groups[0].classes)))
        rows = np.arange(len(source))[None] if rows is None else rows
        return [rows[:, start : start + size] for start in range(0, rows.shape[1], size)]

    @tf.function(reduce_retracing=True)
    def _score(self, source, numbers):
        embeddings = tf.unstack(source.take(numbers))
        embeddings *= len(self.groups) // len(embeddings)
        return [group.scores(of_seed) for group, of_seed in zip(self.groups, embeddings, strict=True)]

    @tf.function(reduce_retracing=True)
    def _hits(self, source, numbers, labels):
        labels = tf.broadcast_to(labels, [len(self.groups), tf.shape(labels)[1]])
        return [
            tf.math.count_nonzero(tf.argmax(scores, axis=-1) == truth[:, None], axis=0)
            for scores, truth in zip(self._score(source, numbers), tf.unstack(labels), strict=True)
        ]


class SeedLayers:
    """The dense layers of one seed as one matrix product, each with its own learning rate.

    Args:
        size: of the embeddings, D.
        classes: outputs of each layer.
        learning_rates: of the layers.
        seed: of the initial weights, the same for all layers.
        multi_label: whether the loss is that of independent classes.

    Attributes:
        live: numbers of the layers that are there; all at first.
        classes: outputs of each layer.
    """

    def __init__(
        self, size: int, classes: int, learning_rates: Sequence[float], seed: int, multi_label: bool
    ):
        self.classes, self._multi_label = classes, multi_label
        self.live = list(range(len(learning_rates)))
        self._learning_rates = np.array(learning_rates, np.float32)
        limit, draws = 1 / np.sqrt(size), np.random.default_rng((seed, 0))
        # Adam's step is the learning rate times a quotient that does not depend on it. Kernel and bias,
        # divided by the rates, step by the quotient alone: one update for all layers.
        self._units = tf.Variable(self._units_of(self.live), shape=[None], trainable=False)
        self._weights, self._slots = [], []
        for rows in (size, 1):
            draw = draws.uniform(-limit, limit, (rows, 1, classes)).astype(np.float32)
            initial = draw / self._learning_rates[:, None]
            self._weights.append(_variable(initial))
            self._slots.append([_variable(np.zeros_like(initial)) for _ in range(2)])

    def _units_of(self, layers):
        return np.repeat(self._learning_rates[layers], self.classes)

    def weights(self) -> list[np.ndarray]:
        """What `restore` takes: for kernel and bias float32 [D or 1, layers, classes]."""
        return [self._by_layer(weight) for weight in self._weights]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        """All layers with these weights, as before their first step."""
        self.live = list(range(len(self._learning_rates)))
        self._units.assign(self._units_of(self.live))
        for variable, slots, weight in zip(self._weights, self._slots, weights, strict=True):
            variable.assign(_flat(weight))
            for slot in slots:
                slot.assign(np.zeros_like(_flat(weight)))

    def keep(self, layers: Sequence[int]) -> None:
        """Leaves out all other layers; the numbers are those of `live`."""
        places = [self.live.index(layer) for layer in layers]
        for variable in (*self._weights, *itertools.chain(*self._slots)):
            variable.assign(_flat(self._by_layer(variable)[:, places]))
        self.live = list(layers)
        self._units.assign(self._units_of(self.live))

    def _by_layer(self, variable):
        return variable.numpy().reshape(variable.shape[0], len(self.live), self.classes)

    def scores(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Scores [batch, layers, classes] of embeddings [batch, D]."""
        kernel, bias = self._weights
        scores = (tf.matmul(embeddings, kernel) + bias) * self._units
        return tf.reshape(scores, [tf.shape(scores)[0], tf.shape(scores)[1] // self.classes, self.classes])

    def train(self, embeddings: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """An update by Adam in PyTorch's form; gives the losses [layers] before it."""
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
            each = tf.nn.sigmoid_cross_entropy_with_logits(targets, scores)
            return tf.reduce_mean(each, axis=[0, 2])
        targets = tf.broadcast_to(targets[:, None], tf.shape(scores)[:-1])
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, scores)
        return tf.reduce_mean(each, axis=0) / self.classes


def _variable(value):
    """Its second axis, layers and classes, becomes shorter when layers are left out."""
    return tf.Variable(_flat(value), shape=[len(value), None], trainable=False)


def _flat(value):
    return value.reshape(len(value), -1)
