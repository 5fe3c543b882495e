"""The linear probe: one dense layer on frozen embeddings, for all learning rates and seeds at once."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from byola_keras.audio.untuned import untuned
from byola_keras.evaluation.choices import SEEDS
from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe_model import ProbeModel
from byola_keras.evaluation.probe_scores import PieceScorer
from byola_keras.evaluation.standardised import Scale, Standardised

LEARNING_RATES = (1e-5, 1e-4, 3e-4, 1e-3, 1e-2)
BATCH_SIZE = 200
MAX_EPOCHS = 200
PATIENCE = 20
_VALID_SHARE = 0.1
_VALID_DRAWS = 100


class Labelled(NamedTuple):
    """Embeddings float32 [clips, D] and their classes.

    The classes are numbers, int [clips], or for a multi-label task 0 and 1, float32 [clips, classes].
    """

    embeddings: np.ndarray
    targets: np.ndarray


@dataclasses.dataclass
class ProbeResult:
    """What the probes of a task, one for each pair of a seed and a learning rate, found.

    Attributes:
        learning_rates: the learning rates that were tried.
        seeds: the seeds that were tried.
        valid: best metric on the validation clips, [seeds, rates].
        test: metric on the test clips with the weights of that epoch, [seeds, rates].
        epochs: number of epochs that were trained, [seeds, rates].
        chosen: number of the learning rate with the best mean on the validation clips.
        scores: scores of the test clips at the chosen rate, float32 [seeds, clips, classes].
        kernels: weights at the chosen rate, of standardised embeddings, float32 [seeds, D, classes].
        biases: the same, float32 [seeds, classes].
        scale: mean and deviation by which embeddings are standardised.
    """

    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    valid: np.ndarray
    test: np.ndarray
    epochs: np.ndarray
    chosen: int
    scores: np.ndarray
    kernels: np.ndarray | None = None
    biases: np.ndarray | None = None
    scale: Scale | None = None


def linear_probe(
    train: Labelled,
    valid: Labelled | None,
    test: Labelled,
    classes: int,
    learning_rates: Sequence[float] = LEARNING_RATES,
    seeds: Sequence[int] = SEEDS,
    max_epochs: int = MAX_EPOCHS,
    patience: int = PATIENCE,
    class_weights: np.ndarray | None = None,
) -> ProbeResult:
    """Trains a dense layer for each pair of learning rate and seed, and tests it.

    Embeddings are standardised by mean and deviation of `train`. Adam in batches of 200; a pair stops after
    `patience` epochs that are all worse than its best one on the validation clips (one that is as good counts
    as better), or after `max_epochs`; its weights of that best epoch are tested. Each pair trains exactly as
    it would alone.

    Args:
        train: clips for training.
        valid: clips that decide when to stop and which learning rate is chosen. None takes a tenth of
            `train`, at least as many clips as there are classes; each seed draws it so that it has all
            classes.
        test: clips that are measured.
        classes: number of classes.
        learning_rates: Adam's step sizes to choose from.
        seeds: seeds of the initial weights, of the order of the clips and of the tenth.
        max_epochs: passes over the training clips at most.
        patience: number of epochs without a better one after which a pair stops.
        class_weights: float32 [classes], what the loss of a clip counts by its class, or in a multi-label
            task that of a label which the clip has; None for 1 each.

    Raises:
        ValueError: a part is empty, or no tenth has all classes.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-A1. The size of the batches, the weight decay and the
        tenth for validation are those of the authors' evaluation code.
    """
    parts = {"train": train, "test": test} | ({"valid": valid} if valid else {})
    for name, part in parts.items():
        if not len(part.targets):
            raise ValueError(f"`{name}` must hold at least one clip. Received: an empty `{name}`.")
    scale = Scale.of(train.embeddings)
    train, valid, test = _parts(train, valid, test, seeds, scale)
    multi_label = train.targets.ndim == 2
    model = ProbeModel(classes, learning_rates, seeds, multi_label, class_weights)
    model.build((len(seeds), None, train.source.size))
    steps = -(-train.rows.shape[1] // BATCH_SIZE)
    # No optimizer: each layer has a learning rate of its own, see `TrainedLayers`. No XLA: it would compile
    # the step anew each time a layer is left out.
    model.compile(optimizer=None, jit_compile=False, steps_per_execution=steps)
    stop = _StopEachLayer(valid, patience)
    model.fit(
        _batches(train, seeds, steps),
        steps_per_epoch=steps,
        epochs=max_epochs,
        callbacks=[stop],
        verbose=0,
        shuffle=False,
    )
    chosen = best_rate(stop.best)
    pairs = len(seeds) * len(learning_rates)
    of_all = PieceScorer(lambda embeddings: tf.unstack(model(embeddings)))
    tested = np.stack(_metric(of_all, test, pairs * classes))
    of_chosen = PieceScorer(lambda embeddings: tf.unstack(model(embeddings)[:, :, chosen : chosen + 1]))
    scores = np.concatenate(of_chosen.scores(test.source, pairs * classes))
    return ProbeResult(
        tuple(learning_rates),
        tuple(seeds),
        stop.best,
        tested,
        stop.epochs,
        chosen,
        scores,
        np.stack([kernel.numpy()[:, chosen] for kernel in model.kernels]),
        np.stack([bias.numpy()[chosen] for bias in model.biases]),
        scale,
    )


def best_rate(valid: np.ndarray) -> int:
    """Number of the learning rate with the best mean over the seeds; of equal ones the first.

    Args:
        valid: metric on the validation clips, [seeds, rates].
    """
    return int(np.argmax(valid.mean(axis=0)))


class _Part(NamedTuple):
    """Clips of a split; `rows` are those that each seed uses, [seeds, clips], None if all use all."""

    source: Standardised
    targets: np.ndarray
    rows: np.ndarray | None


def _parts(train, valid, test, seeds, scale):
    source = Standardised(train.embeddings, scale)
    if valid is None:
        drawn = [draw_valid(train.targets, seed) for seed in seeds]
        rows, valid_rows = (np.stack(taken) for taken in zip(*drawn, strict=True))
        chooses = _Part(source, train.targets, valid_rows)
    else:
        rows = np.tile(np.arange(len(train.targets)), (len(seeds), 1))
        chooses = _Part(Standardised(valid.embeddings, scale), valid.targets, None)
    tests = _Part(Standardised(test.embeddings, scale), test.targets, None)
    return _Part(source, train.targets, rows), chooses, tests


class _StopEachLayer(keras.callbacks.Callback):
    """Keeps each layer's weights of its best epoch; leaves out a layer that has not improved for long."""

    def __init__(self, valid, patience):
        super().__init__()
        self._valid, self._patience = valid, patience

    def on_train_begin(self, logs=None):
        pairs = (len(self.model.seeds), len(self.model.learning_rates))
        self.best = np.full(pairs, -np.inf)
        self.epochs = np.zeros(pairs, int)
        self._since_best = np.zeros(pairs, int)
        self._scorer = PieceScorer(self.model.training_scores)

    def on_epoch_end(self, epoch, logs=None):
        training = self.model.training
        scores_of_a_clip = self.model.classes * sum(len(layers.rates) for layers in training)
        for number, values in enumerate(_metric(self._scorer, self._valid, scores_of_a_clip)):
            rates = np.array(training[number].rates, int)
            self.epochs[number, rates] = epoch + 1
            better = values >= self.best[number, rates]
            self._since_best[number, rates] = np.where(better, 0, self._since_best[number, rates] + 1)
            self.best[number, rates[better]] = values[better]
            self.model.keep_best(number, rates[better])
            going_on = rates[self._since_best[number, rates] < self._patience]
            if len(going_on) < len(rates):
                training[number].keep(list(going_on))
        self.model.stop_training = not any(layers.rates for layers in training)


def _metric(scorer, part, scores_of_a_clip):
    """Accuracy, or mean average precision of a multi-label task; of each seed [layers]."""
    if part.targets.ndim == 1:
        count = len(part.targets) if part.rows is None else part.rows.shape[1]
        hits = scorer.hits(part.source, scores_of_a_clip, part.targets, part.rows)
        return [of_seed / count for of_seed in hits]
    scores = scorer.scores(part.source, scores_of_a_clip, part.rows)
    targets = (
        [part.targets] * len(scores) if part.rows is None else [part.targets[rows] for rows in part.rows]
    )
    return [
        np.array([mean_average_precision(one, truth) for one in of_seed])
        for of_seed, truth in zip(scores, targets, strict=True)
    ]


def draw_valid(targets: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws a tenth for validation, in which all classes are present as in the rest.

    Args:
        targets: classes of the clips, see `Labelled`.
        seed: seed of the draw.

    Returns:
        Rows for training and rows for validation, each sorted.

    Raises:
        ValueError: no such tenth was found, as for a class of one clip.
    """
    classes = len(_present(targets))
    count = max(round(_VALID_SHARE * len(targets)), classes)
    draws = np.random.default_rng((seed, 2))
    for _ in range(_VALID_DRAWS):
        order = draws.permutation(len(targets))
        if len(_present(targets[order[:count]])) == classes == len(_present(targets[order[count:]])):
            return np.sort(order[count:]), np.sort(order[:count])
    # A class of few clips is seldom drawn by chance: one of each goes first.
    order = _one_of_each_first(targets, draws.permutation(len(targets)))
    if len(_present(targets[order[count:]])) == classes:
        return np.sort(order[count:]), np.sort(order[:count])
    raise ValueError(
        "Every class must have two training clips, one of them for validation, or there must be validation "
        f"clips. Received: {len(targets)} clips of {classes} classes, for which no such tenth was found."
    )


def _one_of_each_first(targets, order):
    labels = targets[order] if targets.ndim == 1 else targets[order].argmax(axis=1)
    _, firsts = np.unique(labels, return_index=True)
    return np.concatenate([order[firsts], np.delete(order, firsts)])


def _present(targets):
    return np.unique(targets) if targets.ndim == 1 else np.flatnonzero(targets.any(axis=0))


def _batches(train, seeds, steps):
    """Endless batches (embeddings [seeds, batch, D], targets [seeds, batch, ...]), each seed's own order."""

    def orders(epoch):
        return np.stack(
            [
                rows[np.random.default_rng((seed, 1, int(epoch))).permutation(len(rows))]
                for seed, rows in zip(seeds, train.rows, strict=True)
            ]
        )

    def epoch_of_batches(epoch):
        order = tf.ensure_shape(tf.numpy_function(orders, [epoch], tf.int64), train.rows.shape)
        return tf.data.Dataset.range(steps).map(
            lambda step: order[:, step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        )

    targets = tf.constant(train.targets)
    return untuned(
        tf.data.Dataset.range(tf.int64.max)
        .flat_map(epoch_of_batches)
        .map(lambda rows: (train.source.take(rows), tf.gather(targets, rows)), num_parallel_calls=2)
        .prefetch(2)
    )
