"""Many linear probes as one Keras model: a dense layer for each pair of a seed and a learning rate."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.probe_training import TrainedLayers


class ProbeModel(keras.Model):
    """Dense layers that train side by side; those that are done are left out.

    All layers of a seed see the same batches and start from the same weights (PyTorch's default: uniform
    within 1 / sqrt(D)); their learning rates differ.

    The weights of the model are those that `keep_best` has copied last, at first the initial ones: what
    `EarlyStopping(restore_best_weights=True)` leaves of a model with one layer. What trains are copies in
    `training`, which become smaller when layers are left out.

    Args:
        classes: number of classes, C.
        learning_rates: Adam's step sizes, one for each layer of a seed.
        seeds: seeds of the initial weights.
        multi_label: whether the loss is that of independent classes.
        class_weights: see `linear_probe`.

    Attributes:
        kernels: for each seed a weight [D, rates, C].
        biases: for each seed a weight [rates, C].
        training: for each seed the `TrainedLayers`.

    Input shape:
        [seeds, clips, D], or [1, clips, D] if all seeds have the same clips.

    Output shape:
        [seeds, clips, rates, C]: scores by the weights of the model.
    """

    def __init__(
        self,
        classes: int,
        learning_rates: Sequence[float],
        seeds: Sequence[int],
        multi_label: bool,
        class_weights: np.ndarray | None = None,
    ):
        super().__init__()
        self.classes, self.learning_rates, self.seeds = classes, tuple(learning_rates), tuple(seeds)
        self.multi_label, self._class_weights = multi_label, class_weights

    def build(self, input_shape):
        size, rates = input_shape[-1], len(self.learning_rates)
        self.step = self.add_weight(name="step", shape=(), initializer="zeros", trainable=False)
        self.kernels, self.biases, self.training = [], [], []
        limit = 1 / np.sqrt(size)
        for seed in self.seeds:
            draws = np.random.default_rng((seed, 0))
            for name, shape, weights in (
                ("kernel", (size, rates, self.classes), self.kernels),
                ("bias", (rates, self.classes), self.biases),
            ):
                # The layers of a seed differ in their rates only.
                one = draws.uniform(-limit, limit, (*shape[:-2], 1, self.classes)).astype(np.float32)
                weight = self.add_weight(name=f"{name}_{seed}", shape=shape, initializer="zeros")
                weight.assign(np.broadcast_to(one, shape))
                weights.append(weight)
            layers = TrainedLayers(
                self.kernels[-1].numpy(),
                self.biases[-1].numpy(),
                self.learning_rates,
                self.multi_label,
                self._class_weights,
            )
            self.training.append(layers)

    def call(self, inputs):
        scores = []
        for embeddings, kernel, bias in zip(self._by_seed(inputs), self.kernels, self.biases, strict=True):
            size, *layers = kernel.shape
            product = tf.matmul(embeddings, tf.reshape(kernel, [size, -1]))
            scores.append(tf.reshape(product, [-1, *layers]) + bias)
        return tf.stack(scores)

    def _by_seed(self, embeddings):
        by_seed = tf.unstack(embeddings)
        return by_seed * (len(self.seeds) // len(by_seed))

    def train_step(self, data):
        """A step of the layers on embeddings [seeds, batch, D] and targets [seeds, batch, ...]."""
        embeddings, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.step.assign_add(1.0)
        losses = [
            layers.train(*of_seed, self.step.value)
            for layers, *of_seed in zip(
                self.training, tf.unstack(embeddings), tf.unstack(targets), strict=True
            )
        ]
        return {"loss": tf.reduce_mean(tf.concat(losses, axis=0))}

    def training_scores(self, embeddings: tf.Tensor) -> list[tf.Tensor]:
        """As `call`, by the weights that train: for each seed [clips, layers that train, C]."""
        by_seed = self._by_seed(embeddings)
        return [layers.scores(of_seed) for layers, of_seed in zip(self.training, by_seed, strict=True)]

    def keep_best(self, place: int, rates: np.ndarray) -> None:
        """Copies what has been trained to the weights of the model.

        Args:
            place: number of the seed.
            rates: numbers of the learning rates whose layers are copied; they train still.
        """
        if not len(rates):
            return
        new = self.training[place].weights()
        places = [self.training[place].rates.index(rate) for rate in rates]
        for weight, values in zip((self.kernels[place], self.biases[place]), new, strict=True):
            kept = weight.numpy()
            kept[..., rates, :] = values[..., places, :]
            weight.assign(kept)
