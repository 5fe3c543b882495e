"""Measures how fast linear probes train: all pairs of rate and seed at once, and one after the other."""

import functools
import itertools
from collections.abc import Sequence

import keras
import numpy as np

from byola_keras.evaluation.probe import BATCH_SIZE, LEARNING_RATES, PATIENCE, SEEDS, Labelled, linear_probe
from byola_keras.evaluation.standardised import Scale
from byola_keras.timing.turns import median_ratio, time_in_turns

_LATENT_SIZE, _SPREAD = 64, 0.5


def time_probe(
    rounds: int,
    clips: tuple[int, int, int] = (4000, 500, 500),
    size: int = 3072,
    classes: int = 50,
    max_epochs: int = 200,
    rates: Sequence[float] = LEARNING_RATES,
    seeds: Sequence[int] = SEEDS,
) -> dict:
    """Times a probe of several learning rates and seeds on a drawn task, in turns.

    "together" is one call of `linear_probe`; "alone" a call for each pair; "keras", for each pair, what one
    would write without it: a `Dense` layer, fitted to standardised arrays by Keras's Adam, with its early
    stopping.

    Args:
        rounds: how often each way is timed.
        clips: numbers of clips in train, valid and test.
        size: size of the embeddings, D.
        classes: number of classes of the task.
        max_epochs: largest number of epochs of each fit.
        rates: learning rates.
        seeds: seeds, with each of which every learning rate is tried.

    Returns:
        JSON values by name: medians of seconds, ratios, epochs and accuracies.
    """
    parts = draw_task(clips, size, classes)
    functions = {"together": _together, "alone": _alone, "keras": _keras}
    results = {}

    def call(name):
        results[name] = functions[name](parts, classes, tuple(rates), tuple(seeds), max_epochs)
        return results[name]

    timings = time_in_turns({name: functools.partial(call, name) for name in functions}, rounds, uncounted=0)
    task = {"rounds": rounds, "clips": sum(clips), "size": size, "classes": classes}
    return task | _speeds(timings) | _accuracies(results)


def draw_task(clips: tuple[int, int, int], size: int, classes: int, seed: int = 0) -> list[Labelled]:
    """Draws train, valid and test of a task that a linear layer solves for about three clips in four.

    Args:
        clips: numbers of clips in train, valid and test.
        size: size of the embeddings, D; they are positive, as behind a ReLU, of scales that differ tenfold.
        classes: number of classes of the task.
        seed: seed of the draw.
    """
    draws = np.random.default_rng(seed)
    centres = draws.normal(0, _SPREAD, (classes, _LATENT_SIZE))
    mixing = draws.normal(0, _LATENT_SIZE**-0.5, (_LATENT_SIZE, size))
    scales = np.logspace(-1, 0, size)
    parts = []
    for count in clips:
        labels = np.arange(count) % classes
        latent = centres[labels] + draws.normal(size=(count, _LATENT_SIZE))
        embeddings = np.maximum(latent @ mixing + draws.normal(0, 0.3, (count, size)), 0) * scales
        parts.append(Labelled(embeddings.astype(np.float32), labels))
    return parts


def _together(parts, classes, rates, seeds, max_epochs):
    result = linear_probe(*parts, classes, rates, seeds, max_epochs)
    return result.test, result.epochs


def _alone(parts, classes, rates, seeds, max_epochs):
    def fit(rate, seed):
        result = linear_probe(*parts, classes, (rate,), (seed,), max_epochs)
        return result.test.item(), result.epochs.item()

    return _for_each_pair(fit, rates, seeds)


def _keras(parts, classes, rates, seeds, max_epochs):
    scale = Scale.of(parts[0].embeddings)
    train, valid, test = ((scale.apply(part.embeddings), part.targets) for part in parts)

    def fit(rate, seed):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.layers.Dense(classes)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        stop = keras.callbacks.EarlyStopping(
            "val_accuracy", patience=PATIENCE, mode="max", restore_best_weights=True
        )
        history = model.fit(
            *train, BATCH_SIZE, max_epochs, verbose=0, callbacks=[stop], validation_data=valid
        )
        return model.evaluate(*test, verbose=0)[1], len(history.epoch)

    return _for_each_pair(fit, rates, seeds)


def _for_each_pair(fit, rates, seeds):
    """Returns accuracies and epochs, each [seeds, rates]."""
    results = [fit(rate, seed) for seed, rate in itertools.product(seeds, rates)]
    return np.array(results).T.reshape(2, len(seeds), len(rates))


def _speeds(timings):
    figures = {}
    for name, timing in timings.items():
        figures[f"{name}_seconds"], figures[f"{name}_cpu_seconds"] = timing.medians()
    for name in ("alone", "keras"):
        one, all_at_once = timings[name], timings["together"]
        ratios = {"": (one.wall, all_at_once.wall), "_by_cpu_seconds": (one.cpu, all_at_once.cpu)}
        for kind, (slow, fast) in ratios.items():
            figures[f"{name}_over_together{kind}"] = median_ratio(slow, fast)
    return figures


def _accuracies(results):
    figures = {}
    for name, (accuracies, epochs) in results.items():
        figures[f"{name}_mean_accuracy"] = float(np.mean(accuracies))
        figures[f"{name}_best_rate_accuracy"] = float(np.max(np.mean(accuracies, axis=0)))
        figures[f"{name}_epochs"] = int(np.sum(epochs))
    difference = np.abs(results["together"][0] - results["alone"][0])
    return figures | {"largest_accuracy_difference_together_alone": float(difference.max())}
