"""Probabilities that are as sure as they are right, and thresholds for a wanted precision."""

import numpy as np

# Temperatures that are looked at first, and how often the best interval is narrowed.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0
_GRID = np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 61)
_NARROWINGS = 40
_BINS = 15


def fit_temperature(scores: np.ndarray, targets: np.ndarray) -> float:
    """The temperature by which the scores of clips become their likeliest probabilities.

    Args:
        scores: [clips, classes].
        targets: class numbers [clips], or 0 and 1 [clips, classes].

    Returns:
        The temperature between 0.05 and 20 with the least cross-entropy.

    Reference:
        C. Guo et al., On calibration of modern neural networks, https://arxiv.org/abs/1706.04599, Section
        4.2: temperature scaling.
    """
    losses = [cross_entropy(scores / temperature, targets) for temperature in _GRID]
    best = int(np.argmin(losses))
    low, high = np.log(_GRID[[max(best - 1, 0), min(best + 1, len(_GRID) - 1)]])
    # The cross-entropy has one minimum in 1 / temperature.
    for _ in range(_NARROWINGS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if cross_entropy(scores / np.exp(left), targets) < cross_entropy(scores / np.exp(right), targets):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def cross_entropy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean negative log-likelihood in float64, by softmax or, for targets [clips, classes], by sigmoid."""
    scores = np.asarray(scores, np.float64)
    if targets.ndim == 2:
        return float(np.mean(np.logaddexp(0, scores) - targets * scores))
    return float(np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(targets)), targets]))


def calibration_error(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """How far the probabilities are from the share that is right, on the average over 15 bins of equal width.

    Args:
        probabilities: [clips, classes].
        targets: class numbers [clips], of which the highest probability counts; or 0 and 1 [clips, classes],
            where each probability counts.

    Reference:
        https://arxiv.org/abs/1706.04599, Section 2, equation 3: the expected calibration error.
    """
    if targets.ndim == 2:
        sure, right = probabilities.ravel(), targets.ravel() > 0
    else:
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        np.sum(bins == number) * abs(np.mean(sure[bins == number]) - np.mean(right[bins == number]))
        for number in np.unique(bins)
    ]
    return float(sum(gaps) / len(sure))


def precision_thresholds(
    probabilities: np.ndarray, is_class: np.ndarray, precision: float
) -> tuple[np.ndarray, np.ndarray]:
    """For each class the lowest threshold at which its detections are precise enough.

    Args:
        probabilities: [clips, classes].
        is_class: whether each clip is of each class, [clips, classes].
        precision: the wanted share of right detections, in [0, 1].

    Returns:
        Thresholds float64 [classes], each the probability of a clip; and Booleans [classes], whether the
        precision was reached. Where it was not, the threshold lies above all these clips, and is 0.5 at
        least.
    """
    columns = zip(np.asarray(probabilities, np.float64).T, np.asarray(is_class, bool).T, strict=True)
    found = [_threshold(*column, precision) for column in columns]
    return np.array([one for one, _ in found]), np.array([reached for _, reached in found])


def _threshold(probabilities, is_class, precision):
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    reached = np.cumsum(is_class[order]) / np.arange(1, len(order) + 1) >= precision
    # A threshold takes all clips of equal probability; one without a right clip says nothing.
    ends = np.append(np.diff(ordered) != 0, True)
    good = np.flatnonzero(reached & ends & (np.cumsum(is_class[order]) > 0))
    if len(good):
        return ordered[good[-1]], True
    return min(1.0, max(0.5, float(np.nextafter(ordered[0], 2.0)))), False
