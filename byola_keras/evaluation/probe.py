"""The linear probe: one dense layer on frozen embeddings, for all learning rates and seeds at once."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe_model import ProbeModel

LEARNING_RATES = (1e-5, 1e-4, 3e-4, 1e-3, 1e-2)
SEEDS = (42, 43, 44)
_BATCH_SIZE = 200
_MAX_EPOCHS = 200
_PATIENCE = 20
_VALID_SHARE = 0.1
_VALID_DRAWS = 100
# Clips that are read at a time.
_READ_CLIPS = 4096


class Labelled(NamedTuple):
    """Embeddings float32 [clips, D] and their classes.

    The classes are numbers, int [clips], or for a multi-label task 0 and 1, float32 [clips, classes].
    """

    embeddings: np.ndarray
    targets: np.ndarray


@dataclasses.dataclass
class ProbeResult:
    """What came out of a probe.

    Attributes:
        learning_rates: that were tried.
        seeds: that were tried.
        valid: best metric on the validation clips, [seeds, rates].
        test: metric on the test clips with the weights of that epoch, [seeds, rates].
        epochs: that were trained, [seeds, rates].
        chosen: number of the learning rate with the best mean on the validation clips.
        scores: of the test clips at the chosen rate, float32 [seeds, clips, classes].
    """

    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    valid: np.ndarray
    test: np.ndarray
    epochs: np.ndarray
    chosen: int
    scores: np.ndarray


def linear_probe(
    train: Labelled,
    valid: Labelled | None,
    test: Labelled,
    classes: int,
    learning_rates: Sequence[float] = LEARNING_RATES,
    seeds: Sequence[int] = SEEDS,
    max_epochs: int = _MAX_EPOCHS,
) -> ProbeResult:
    """Trains a dense layer for each pair of learning rate and seed, and tests it.

    Embeddings are standardised by mean and deviation of `train`. Adam in batches of 200; a pair stops after
    20 epochs that are all worse than its best one on the validation clips (one that is as good counts as
    better), or after `max_epochs`; its weights of that best epoch are tested. Each pair trains exactly as it
    would alone.

    Args:
        train: what is trained on.
        valid: what decides when to stop; None takes a tenth of `train`, drawn by each seed so that it
            has all classes.
        test: what is measured.
        classes: number of classes.
        learning_rates: Adam's step sizes.
        seeds: of initial weights, of the order of the clips, and of the tenth.
        max_epochs: passes over the training clips.

    Raises:
        ValueError: a part is empty, or no tenth has all classes.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-B ("linear evaluation"), and the authors' EVAR.
    """
    parts = {"train": train, "test": test} | ({"valid": valid} if valid else {})
    for name, part in parts.items():
        if not len(part.targets):
            raise ValueError(f"`{name}` must hold at least one clip. Received: an empty `{name}`.")
    multi_label = train.targets.ndim == 2  # noqa: PLR2004
    mean, std = _mean_and_std(train.embeddings)
    drawn = [_draw_valid(train.targets, seed) if valid is None else None for seed in seeds]
    model = ProbeModel(mean, std, classes, learning_rates, seeds, multi_label)
    model.compile(run_eagerly=False)
    stop = _StopEachPair(model, valid or train, drawn)
    rows = [np.arange(len(train.targets)) if taken is None else taken[0] for taken in drawn]
    steps = -(-len(rows[0]) // _BATCH_SIZE)
    model.fit(
        _batches(train, rows, seeds, steps),
        steps_per_epoch=steps,
        epochs=max_epochs,
        callbacks=[stop],
        verbose=0,
        shuffle=False,
    )
    model.set_weights(stop.best_weights)
    tested = _metric(model, test)
    chosen = int(np.argmax(stop.best.mean(axis=0)))
    scores = model.scores(test.embeddings, rate=chosen)
    return ProbeResult(tuple(learning_rates), tuple(seeds), stop.best, tested, stop.epochs, chosen, scores)


class _StopEachPair(keras.callbacks.Callback):
    """Keeps for each pair the weights of its best epoch, and ends when none has improved for long."""

    def __init__(self, probe, valid, drawn):
        super().__init__()
        self._probe, self._valid = probe, valid
        self._rows = None if drawn[0] is None else [taken[1] for taken in drawn]
        pairs = (len(probe.seeds), len(probe.learning_rates))
        self.best = np.full(pairs, -np.inf)
        self.epochs = np.zeros(pairs, int)
        self.best_weights = probe.get_weights()
        self._since_best = np.zeros(pairs, int)
        self._stopped = np.zeros(pairs, bool)

    def on_epoch_end(self, epoch, logs=None):
        values = _metric(self._probe, self._valid, self._rows)
        better = (values >= self.best) & ~self._stopped
        self.best[better] = values[better]
        self.epochs[~self._stopped] = epoch + 1
        self._since_best = np.where(better, 0, self._since_best + 1)
        for best, now in zip(self.best_weights, self._probe.get_weights(), strict=True):
            # Axes [seeds, D or 1, rates, classes].
            best[:] = np.where(better[:, None, :, None], now, best)
        self._stopped |= self._since_best >= _PATIENCE
        if self._stopped.all():
            self.model.stop_training = True


def _metric(probe, part, rows=None):
    """Accuracy, or mean average precision of a multi-label task, [seeds, rates]."""
    if part.targets.ndim == 1:
        return probe.hits(part.embeddings, part.targets, rows) / len(
            part.targets if rows is None else rows[0]
        )
    scores = probe.scores(part.embeddings, rows)
    targets = [part.targets if rows is None else part.targets[taken] for taken in rows or probe.seeds]
    return np.array(
        [
            [mean_average_precision(one, truth) for one in of_seed]
            for of_seed, truth in zip(scores, targets, strict=True)
        ]
    )


def _mean_and_std(embeddings):
    """In pieces: the embeddings may be a file that is larger than the memory."""
    total, squares = np.zeros(embeddings.shape[1]), np.zeros(embeddings.shape[1])
    starts = range(0, len(embeddings), _READ_CLIPS)
    for start in starts:
        total += np.sum(embeddings[start : start + _READ_CLIPS], axis=0, dtype=np.float64)
    mean = total / len(embeddings)
    for start in starts:
        squares += np.square(embeddings[start : start + _READ_CLIPS] - mean).sum(axis=0)
    std = np.sqrt(squares / len(embeddings))
    # A feature that never changes says nothing; it stays zero, as scikit-learn's StandardScaler has it.
    return mean.astype(np.float32), np.where(std == 0, 1, std).astype(np.float32)


def _draw_valid(targets, seed):
    """Rows for training and a tenth for validation in which all classes are present."""
    count = max(1, round(_VALID_SHARE * len(targets)))
    draws = np.random.default_rng((seed, 2))
    for _ in range(_VALID_DRAWS):
        order = draws.permutation(len(targets))
        if len(_present(targets[order[:count]])) == len(_present(targets)):
            return np.sort(order[count:]), np.sort(order[:count])
    raise ValueError(
        "A tenth of the training clips must hold all classes, for validation. Received: "
        f"{len(targets)} clips of {len(_present(targets))} classes, of which "
        f"{_VALID_DRAWS} draws did not; give validation clips."
    )


def _present(targets):
    return np.unique(targets) if targets.ndim == 1 else np.flatnonzero(targets.any(axis=0))


def _batches(train, rows, seeds, steps):
    """Endless batches (embeddings [seeds, batch, D], targets [seeds, batch, ...]), each seed's own order."""

    def orders(epoch):
        return np.stack(
            [
                taken[np.random.default_rng((seed, 1, int(epoch))).permutation(len(taken))]
                for seed, taken in zip(seeds, rows, strict=True)
            ]
        )

    def batch(chosen):
        return train.embeddings[chosen], train.targets[chosen]

    def epoch_of_batches(epoch):
        order = tf.ensure_shape(tf.numpy_function(orders, [epoch], tf.int64), [len(seeds), len(rows[0])])
        of_batch = tf.data.Dataset.range(steps).map(
            lambda step: order[:, step * _BATCH_SIZE : (step + 1) * _BATCH_SIZE]
        )
        types = [tf.float32, tf.as_dtype(train.targets.dtype)]

        def gather(chosen):
            embeddings, targets = tf.numpy_function(batch, [chosen], types)
            embeddings = tf.ensure_shape(embeddings, [len(seeds), None, train.embeddings.shape[1]])
            return embeddings, tf.ensure_shape(targets, [len(seeds), None, *train.targets.shape[1:]])

        return of_batch.map(gather, num_parallel_calls=2)

    return tf.data.Dataset.range(tf.int64.max).flat_map(epoch_of_batches).prefetch(2)
