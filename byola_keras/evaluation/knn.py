"""The k-NN probe: a clip is what its nearest training clips are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.probe import Labelled
from byola_keras.evaluation.similarity import Neighbours, nearest
from byola_keras.evaluation.standardised import Scale, Standardised

NEIGHBOURS = (1, 3, 5, 10, 20, 50, 100, 200)
# How fast the weight of a vote falls with the cosine.
_TEMPERATURE = 0.07
# Training clips that choose k where there is no validation split.
_CHOOSING_CLIPS = 5_000
# Votes for single classes that are counted at a time.
_VOTES = 2**24


class KnnResult(NamedTuple):
    """What a k-NN probe found.

    Attributes:
        neighbours: the k that was chosen.
        valid: metric on the validation clips by k, as far as there are so many training clips: dict of int to
            float.
        test: metric on the test clips.
        scores: scores of the test clips, float32 [clips, classes]: shares of the neighbours' weights.
    """

    neighbours: int
    valid: dict[int, float]
    test: float
    scores: np.ndarray


def knn_probe(
    train: Labelled,
    valid: Labelled | None,
    test: Labelled,
    classes: int,
    groups: np.ndarray | None = None,
    choices: Sequence[int] = NEIGHBOURS,
) -> KnnResult:
    """Tells the classes of the test clips by their nearest training clips.

    Embeddings are standardised by mean and deviation of `train`, as for the linear probe, and compared by the
    cosine c. Each of the k nearest training clips votes for its class, or its classes, with the weight
    exp(c / 0.07). The k that is best on the validation clips is chosen, the smallest of equally good ones.

    Args:
        train: clips that vote.
        valid: clips by which k is chosen. None takes the training clips themselves, at most 5,000 of them,
            each by the votes of those of other groups.
        test: clips that are measured.
        classes: number of classes.
        groups: groups of the training clips, int [clips], such as the folds of a task; None, or one group
            only, lets all vote for a training clip but itself.
        choices: numbers k of neighbours to choose from, in rising order.

    Raises:
        ValueError: there are no training clips that can vote.

    Reference:
        Z. Wu et al., Unsupervised feature learning via non-parametric instance discrimination, 2018, Section
        3.4 (the weighted votes and 0.07).
    """
    scale = Scale.of(train.embeddings)
    gallery = Standardised(train.embeddings, scale)
    if valid is not None:
        chooses, left_out = valid, None
        source = Standardised(valid.embeddings, scale)
    else:
        chooses, source, left_out = _training_clips(train, scale, groups)
    found = nearest(source, gallery, max(choices), left_out)
    most = int(np.isfinite(found.cosines).sum(axis=1).max())
    if not most:
        raise ValueError(
            "k-NN needs validation clips, or two training clips. Received: "
            f"{len(train.targets)} training clips and no validation clips."
        )
    by_k = {
        k: _metric(_votes(found, train.targets, k, classes), chooses.targets)
        for k in choices
        if k <= most or k == min(choices)
    }
    k = max(by_k, key=by_k.get)
    scores = _votes(nearest(Standardised(test.embeddings, scale), gallery, k), train.targets, k, classes)
    return KnnResult(k, by_k, _metric(scores, test.targets), scores)


def _training_clips(train, scale, groups):
    """The training clips that choose k, and the groups of them and of all."""
    count = len(train.targets)
    if groups is None or len(np.unique(groups)) == 1:
        groups = np.arange(count)
    rows = np.sort(np.random.default_rng((0, 5)).permutation(count)[:_CHOOSING_CLIPS])
    part = Labelled(train.embeddings[rows], train.targets[rows])
    return part, Standardised(part.embeddings, scale), (groups[rows], groups)


def _votes(found: Neighbours, targets, k, classes):
    """Shares of the weights by class, float32 [clips, classes]."""
    numbers, cosines = found.numbers[:, :k], found.cosines[:, :k]
    # The nearest has the weight 1: the shares are the same, and none becomes too small.
    weights = np.exp((cosines - cosines[:, :1]) / _TEMPERATURE)
    weights /= weights.sum(axis=1, keepdims=True)
    step = max(1, _VOTES // (k * classes))
    starts = range(0, len(numbers), step)
    pieces = [
        _votes_of_block(numbers[start : start + step], weights[start : start + step], targets, classes)
        for start in starts
    ]
    return np.concatenate(pieces).astype(np.float32)


def _votes_of_block(numbers, weights, targets, classes):
    if targets.ndim == 2:
        return np.einsum("nk,nkc->nc", weights, targets[numbers])
    places = np.arange(len(numbers))[:, None] * classes + targets[numbers]
    counted = np.bincount(places.ravel(), weights.ravel(), minlength=len(numbers) * classes)
    return counted.reshape(len(numbers), classes)


def _metric(scores, targets):
    if targets.ndim == 2:
        return mean_average_precision(scores, targets)
    return float(np.mean(scores.argmax(axis=1) == targets))
