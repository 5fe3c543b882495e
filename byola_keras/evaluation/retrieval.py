"""Retrieval: how well a clip finds the others of its class."""

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.probe import Labelled
from byola_keras.evaluation.similarity import directions
from byola_keras.evaluation.standardised import Scale, Standardised

# Similarities that are sorted at a time, and clips that they are computed for at once.
_SORTED, _GALLERY = 2**22, 4096


def retrieval_map(test: Labelled, scale: Scale) -> float:
    """Mean average precision of retrieval among the test clips.

    Each clip in turn asks for its like: the others are ranked by the cosine of their standardised embeddings,
    and those that share a label with it are relevant. Nothing is trained. Average precision is as
    `metrics.average_precision` has it; clips that share no label with another do not ask.

    Args:
        test: clips that ask, and are found.
        scale: mean and deviation of each feature, those of the training clips.

    Returns:
        The mean over the clips that ask, between 0 and 1; NaN if there is none.
    """
    source = Standardised(test.embeddings, scale)
    count = len(source)
    step = max(1, _SORTED // count)
    found = []
    for start in range(0, count, step):
        asking = np.arange(start, min(start + step, count))
        relevant = _share_a_label(test.targets, asking)
        # A clip itself is no answer.
        relevant[np.arange(len(asking)), asking] = False
        cosines = _cosines(source, asking)
        cosines[np.arange(len(asking)), asking] = -np.inf
        found.append(_average_precisions(cosines, relevant))
    found = np.concatenate(found)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _share_a_label(targets, asking):
    if targets.ndim == 1:
        return targets[asking, None] == targets[None]
    return targets[asking] @ targets.T > 0


def _cosines(source, asking):
    block = directions(source, asking[0], asking[-1] + 1)
    others = (directions(source, start, start + _GALLERY) for start in range(0, len(source), _GALLERY))
    return np.concatenate([tf.matmul(block, other, transpose_b=True).numpy() for other in others], axis=1)


def _average_precisions(scores, relevant):
    """Of each row; NaN for a row in which nothing is relevant."""
    order = np.argsort(-scores, axis=1)
    ordered = np.take_along_axis(scores, order, axis=1)
    is_hit = np.take_along_axis(relevant, order, axis=1)
    ranks = np.arange(scores.shape[1])
    # Clips of equal score share the rank of the last of them.
    last = np.where(np.diff(ordered, axis=1, append=np.nan) != 0, ranks, len(ranks))
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    precision = np.take_along_axis(np.cumsum(is_hit, axis=1), last, axis=1) / (last + 1)
    with np.errstate(invalid="ignore"):
        return (precision * is_hit).sum(axis=1) / is_hit.sum(axis=1)
