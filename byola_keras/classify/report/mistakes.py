"""The worst mistakes of a classifier: where it was surest and wrong."""

from typing import NamedTuple

import numpy as np

from byola_keras.classify.scores import Told

MOST = 24


class Mistake(NamedTuple):
    """A test clip that was told wrong.

    Attributes:
        row: number of the clip among those told.
        truth: number of its class; None for a label that it was given and does not have.
        predicted: number of the class that it was taken for; None for a label of its own that was not heard.
        probability: of what it was taken for, or of the label that was not heard.
    """

    row: int
    truth: int | None
    predicted: int | None
    probability: float


def worst_mistakes(told: Told, thresholds: tuple[float, ...], count: int = MOST) -> list[Mistake]:
    """The worst mistakes first.

    They are ordered by the probability of the class that was wrongly told; where a clip may have several
    labels, by how far the probability of the label is off.

    Args:
        told: what was said of the test clips.
        thresholds: of the classes; they decide where a clip may have several labels.
        count: how many mistakes at most.
    """
    if told.targets.ndim == 2:
        return _of_labels(told, np.asarray(thresholds, np.float32), count)
    predicted = told.probabilities.argmax(axis=1)
    rows = np.flatnonzero(predicted != told.targets)
    of_predicted = told.probabilities[rows, predicted[rows]]
    # By the probability that the page shows; of equal ones first that with the less probable truth.
    order = np.lexsort([told.probabilities[rows, told.targets[rows]], -of_predicted])[:count]
    return [
        Mistake(int(row), int(told.targets[row]), int(predicted[row]), float(probability))
        for row, probability in zip(rows[order], of_predicted[order], strict=True)
    ]


def _of_labels(told, thresholds, count):
    heard = told.probabilities >= thresholds
    rows, classes = np.nonzero(heard != told.is_class)
    probabilities = told.probabilities[rows, classes]
    off = np.abs(probabilities - told.is_class[rows, classes])
    order = np.argsort(-off, kind="stable")[:count]
    return [
        Mistake(int(row), *((None, int(label)) if heard[row, label] else (int(label), None)), float(p))
        for row, label, p in zip(rows[order], classes[order], probabilities[order], strict=True)
    ]
