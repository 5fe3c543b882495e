"""The few-shot probe: a class is the mean of a few of its clips."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe import Labelled
from byola_keras.evaluation.similarity import directions
from byola_keras.evaluation.standardised import Scale, Standardised

SHOTS = (1, 5, 10)
DRAWS = 20
# Test clips that are told at a time.
_TESTED = 4096


class FewShotResult(NamedTuple):
    """What few-shot probes of one number of shots found.

    Attributes:
        values: metric on the test clips of each draw, float64 [draws].
        scores: cosines to the classes, of the draws that are kept, float32 [draws, clips, classes].
    """

    values: np.ndarray
    scores: np.ndarray


def few_shot_probe(
    train: Labelled,
    test: Labelled,
    classes: int,
    shots: Sequence[int] = SHOTS,
    draws: int = DRAWS,
    kept_bytes: int = 2**28,
) -> list[FewShotResult]:
    """Tells the classes of the test clips by a few training clips of each class.

    Embeddings are standardised by mean and deviation of all of `train`, whose labels this does not need, and
    scaled to unit length. A class is the mean of its drawn clips, and a test clip the class with the highest
    cosine. A draw with more shots has all clips of the one with fewer.

    Args:
        train: clips that are drawn from; every class must have one.
        test: clips that are measured, all of them in every draw.
        classes: number of classes.
        shots: numbers of clips of each class; a class that has fewer gives all.
        draws: how often clips are drawn.
        kept_bytes: of how many bytes of scores, over all shots, the draws are kept; one is kept always.

    Returns:
        A result for each number of shots.

    Reference:
        Y. Wang et al., SimpleShot: revisiting nearest-neighbor classification for few-shot learning, 2019:
        nearest means of centred embeddings of unit length; the scaling of each feature is ours.
    """
    scale = Scale.of(train.embeddings)
    trained, tested = (Standardised(part.embeddings, scale) for part in (train, test))
    kept = max(1, kept_bytes // (4 * len(shots) * len(test.targets) * classes))
    values, scores = np.zeros((len(shots), draws)), []
    for draw in range(draws):
        means = _class_means(trained, train.targets, classes, shots, draw)
        of_draw = _cosines(tested, means).reshape(-1, len(shots), classes).swapaxes(0, 1)
        values[:, draw] = [_metric(one, test.targets) for one in of_draw]
        if draw < kept:
            scores.append(of_draw)
    return [FewShotResult(*pair) for pair in zip(values, np.stack(scores, axis=1), strict=True)]


def _class_means(trained, targets, classes, shots, draw):
    """Directions of the classes by each number of shots, float32 [shots * classes, D]."""
    order = np.random.default_rng((draw, 6)).permutation(len(targets))
    means = np.zeros((len(shots), classes, trained.size), np.float32)
    for number in range(classes):
        is_member = targets[order] == number if targets.ndim == 1 else targets[order, number] > 0
        drawn = order[is_member][: max(shots)]
        members = tf.math.l2_normalize(trained.take(tf.constant(drawn)), axis=-1).numpy()
        for place, count in enumerate(shots):
            means[place, number] = members[:count].mean(axis=0)
    return tf.math.l2_normalize(means.reshape(-1, trained.size), axis=-1)


def _cosines(tested, means):
    blocks = (directions(tested, start, start + _TESTED) for start in range(0, len(tested), _TESTED))
    return np.concatenate([tf.matmul(block, means, transpose_b=True).numpy() for block in blocks])


def _metric(scores, targets):
    if targets.ndim == 2:
        return mean_average_precision(scores, targets)
    return float(np.mean(scores.argmax(axis=1) == targets))
