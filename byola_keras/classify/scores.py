"""How well a classifier does: its own figures, and a table of its classes."""

from typing import NamedTuple

import numpy as np

from byola_keras.classify.calibration import calibration_error
from byola_keras.evaluation import metrics


class Told(NamedTuple):
    """What a classifier says of clips.

    Attributes:
        probabilities: float32 [clips, classes].
        targets: class numbers [clips], or 0 and 1 [clips, classes].
    """

    probabilities: np.ndarray
    targets: np.ndarray

    @property
    def is_class(self) -> np.ndarray:
        """Whether each clip is of each class, Booleans [clips, classes]."""
        if self.targets.ndim == 2:
            return self.targets > 0
        return self.targets[:, None] == np.arange(self.probabilities.shape[1])


def figures(told: Told) -> dict[str, float]:
    """The figures of a classifier on clips, each between 0 and 1, by name."""
    average = metrics.average_precision(told.probabilities, told.is_class)
    has_clips = told.is_class.any(axis=0)
    found = {
        "mean_average_precision": float(average[has_clips].mean()) if has_clips.any() else 0.0,
        "calibration_error": calibration_error(*told),
    }
    if told.targets.ndim == 2:
        return found | {"auc": metrics.mean_roc_auc(told.probabilities, told.targets)}
    return {
        "accuracy": float(np.mean(told.probabilities.argmax(axis=1) == told.targets)),
        "balanced_accuracy": metrics.balanced_accuracy(told.probabilities, told.targets),
        **found,
    }


def class_rows(told: Told, labels: tuple[str, ...], thresholds: tuple[float, ...]) -> list[dict]:
    """A row for each class: its clips, and how its detections from its threshold on did.

    Returns:
        Dicts with "class", "clips", "threshold", "detections", "precision", "recall", "f1" and
        "average_precision"; None where a figure has no clips to be of.
    """
    average = metrics.average_precision(told.probabilities, told.is_class)
    rows = []
    for number, (label, threshold) in enumerate(zip(labels, thresholds, strict=True)):
        # As in float32, in which the probabilities are.
        heard = told.probabilities[:, number] >= np.float32(threshold)
        truth = told.is_class[:, number]
        right, clips, detections = int(np.sum(heard & truth)), int(truth.sum()), int(heard.sum())
        rows.append(
            {
                "class": label,
                "clips": clips,
                "threshold": round(float(threshold), 6),
                "detections": detections,
                "precision": right / detections if detections else None,
                "recall": right / clips if clips else None,
                "f1": 2 * right / (clips + detections) if clips + detections else None,
                "average_precision": float(average[number]) if clips else None,
            }
        )
    return rows
