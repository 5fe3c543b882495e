"""A linear classifier on frozen embeddings."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

_MAX_EPOCHS = 200
_PATIENCE = 20
_BATCH_SIZE = 200


class LabelledEmbeddings(NamedTuple):
    """Embeddings float32 [clips, D] and class numbers int [clips]."""

    embeddings: np.ndarray
    labels: np.ndarray


def linear_probe(
    train: LabelledEmbeddings,
    valid: LabelledEmbeddings,
    test: LabelledEmbeddings,
    learning_rates: Sequence[float] = (1e-3, 1e-2),
    seed: int = 0,
) -> float:
    """Trains one dense layer on standardised embeddings and tests it.

    Adam, up to 200 epochs, stopped after 20 without a better validation accuracy; weights and learning
    rate are those of the best validation accuracy.

    Args:
        train: what the layer is trained on; its mean and deviation standardise all three.
        valid: what decides when to stop, and the learning rate.
        test: what is measured.
        learning_rates: step sizes to try.
        seed: of initial weights and order.

    Returns:
        Accuracy on `test`, in [0, 1].

    Raises:
        ValueError: one of the three is empty.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-B ("linear evaluation").
    """
    for name, part in (("train", train), ("valid", valid), ("test", test)):
        if not len(part.labels):
            raise ValueError(f"`{name}` must hold at least one clip. Received: an empty `{name}`.")
    mean, std = train.embeddings.mean(axis=0), train.embeddings.std(axis=0)
    train, valid, test = (
        LabelledEmbeddings((part.embeddings - mean) / np.maximum(std, 1e-6), part.labels)
        for part in (train, valid, test)
    )
    classes = 1 + max(int(part.labels.max()) for part in (train, valid, test))
    candidates = [_fit(train, valid, classes, rate, seed) for rate in learning_rates]
    _, best = max(candidates, key=lambda candidate: candidate[0])
    return best.evaluate(*test, batch_size=1024, verbose=0, return_dict=True)["accuracy"]


def _fit(train, valid, classes, learning_rate, seed):
    keras.utils.set_random_seed(seed)
    probe = keras.Sequential([keras.layers.Dense(classes)])
    probe.compile(
        keras.optimizers.Adam(learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    stop = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=_PATIENCE, mode="max", restore_best_weights=True
    )
    history = probe.fit(
        *train,
        validation_data=tuple(valid),
        epochs=_MAX_EPOCHS,
        batch_size=_BATCH_SIZE,
        callbacks=[stop],
        verbose=0,
    )
    return max(history.history["val_accuracy"]), probe
