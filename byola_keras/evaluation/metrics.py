"""Scores of classifiers, in numpy; equal to scikit-learn's."""

import math
from collections.abc import Sequence

import numpy as np

# Student's t for a two-sided interval of 95 %, by degrees of freedom from 1 on.
_T_95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL_95 = 1.960


def average_precision(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Average precision of each class, not interpolated; clips of equal score share a threshold.

    Args:
        scores: [clips, classes].
        targets: 0 or 1, [clips, classes].

    Returns:
        float64 [classes]; 0 for a class without a positive clip, as scikit-learn has it.
    """
    return np.array([_average_precision(*column) for column in zip(scores.T, targets.T, strict=True)])


def mean_average_precision(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean of `average_precision` over the classes (macro)."""
    return float(average_precision(scores, targets).mean())


def roc_auc(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each class: how often a positive clip outranks a negative one, ties half.

    Args:
        scores: [clips, classes].
        targets: 0 or 1, [clips, classes].

    Returns:
        float64 [classes]; NaN for a class all of whose clips are positive, or negative.
    """
    return np.array([_roc_auc(*column) for column in zip(scores.T, targets.T, strict=True)])


def mean_roc_auc(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean of `roc_auc` over the classes that have one (macro); NaN if none has."""
    return float(np.ma.masked_invalid(roc_auc(scores, targets)).mean())


def confusion_matrix(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Clips of each class (rows) by the class with the highest score (columns), int64 [classes, classes]."""
    classes = scores.shape[1]
    places = labels * classes + np.argmax(scores, axis=1)
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes of the share of their clips that are told right: each class counts the same.

    Args:
        scores: [clips, classes].
        labels: class numbers [clips]; a class without clips does not count.
    """
    matrix = confusion_matrix(scores, labels)
    clips = matrix.sum(axis=1)
    return float(np.mean(np.diag(matrix)[clips > 0] / clips[clips > 0]))


def mean_and_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Mean of repeated measurements and half the width of its 95 % confidence interval.

    What was measured with each of several windows and each of several seeds varies with both. The variance of
    the mean then is that of the means of the windows plus that of the means of the seeds; what neither
    explains counts in both, so that the interval is rather too wide than too narrow. The degrees of freedom
    are Satterthwaite's, rounded down.

    Args:
        values: [repeats] or [windows, seeds], at least one value; the interval of one value is NaN.

    Reference:
        F. E. Satterthwaite, An approximate distribution of estimates of variance components, 1946.
    """
    table = np.asarray(values, np.float64)
    factors = [
        table.mean(axis=tuple(other for other in range(table.ndim) if other != axis))
        for axis in range(table.ndim)
        if table.shape[axis] > 1
    ]
    if not factors:
        return float(table.mean()), math.nan
    variances = [np.var(means, ddof=1) / len(means) for means in factors]
    freedom = _degrees_of_freedom(variances, [len(means) - 1 for means in factors])
    t = _T_95[freedom - 1] if freedom <= len(_T_95) else _NORMAL_95
    return float(table.mean()), float(t * math.sqrt(sum(variances)))


def _degrees_of_freedom(variances, freedoms):
    """Of a sum of variances, by Satterthwaite."""
    weights = sum(variance**2 / freedom for variance, freedom in zip(variances, freedoms, strict=True))
    # At least those of one of them, but for rounding.
    return max(math.floor(sum(variances) ** 2 / weights + 1e-9), min(freedoms)) if weights else min(freedoms)


def _average_precision(scores, targets):
    positives = targets.sum()
    if not positives:
        return 0.0
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(targets[order])
    # A threshold lies behind the last of equal scores.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision, recall = hits[ends] / (ends + 1), hits[ends] / positives
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _roc_auc(scores, targets):
    positives = int(targets.sum())
    negatives = len(targets) - positives
    if not positives or not negatives:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = ranks[inverse][targets.astype(bool)].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))
