"""How alike representations are: the correlation of their scores over tasks."""

import math
from collections.abc import Mapping

import numpy as np

# Over two tasks any two representations correlate perfectly.
MIN_TASKS = 3


def representation_correlation(
    scores: Mapping[str, Mapping[str, float]], ours: int
) -> tuple[list[str], np.ndarray]:
    """Pearson correlation of each two representations over the tasks that both have.

    Args:
        scores: representation -> task -> score; ours first, then the published ones.
        ours: how many of them are ours.

    Returns:
        Names and correlations [representations, representations]: ours that share three tasks with another
        representation, and, if one of these is a published one, the published ones. The correlation is NaN
        where two share fewer, or where all scores of one of them are equal. Both are empty if none is left.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-C2, Fig. 6.
    """
    names = list(scores)
    shared = np.array([[len(scores[one].keys() & scores[other].keys()) for other in names] for one in names])
    np.fill_diagonal(shared, 0)
    enough = shared >= MIN_TASKS
    kept = [place for place in range(ours) if enough[place].any()]
    if enough[:ours, ours:].any():
        kept += range(ours, len(names))
    matrix = [[_pearson(scores[names[one]], scores[names[other]]) for other in kept] for one in kept]
    return [names[place] for place in kept], np.array(matrix)


def _pearson(one, other):
    tasks = [task for task in one if task in other]
    first, second = np.array([one[task] for task in tasks]), np.array([other[task] for task in tasks])
    if len(tasks) < MIN_TASKS or not np.ptp(first) or not np.ptp(second):
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])
