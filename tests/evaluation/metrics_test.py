import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from byola_keras.evaluation import metrics


@pytest.fixture(params=["continuous", "many ties"])
def scores_and_targets(request):
    draws = np.random.default_rng(0)
    targets = (draws.random((500, 12)) < np.linspace(0.01, 0.9, 12)).astype(int)
    targets[0, 0] = 1
    scores = draws.normal(size=(500, 12)) + targets
    return (np.round(scores) if request.param == "many ties" else scores), targets


def test_average_precision_and_auc_equal_scikit_learn(scores_and_targets):
    scores, targets = scores_and_targets
    for ours, theirs in (
        (metrics.average_precision, sklearn_metrics.average_precision_score),
        (metrics.roc_auc, sklearn_metrics.roc_auc_score),
    ):
        expected = [theirs(targets[:, c], scores[:, c]) for c in range(12)]
        np.testing.assert_allclose(ours(scores, targets), expected, atol=1e-9)
    macro = sklearn_metrics.average_precision_score(targets, scores, average="macro")
    assert metrics.mean_average_precision(scores, targets) == pytest.approx(macro, abs=1e-9)


def test_class_without_positive_clips():
    scores, targets = np.random.default_rng(0).random((9, 2)), np.zeros((9, 2), int)
    targets[:3, 1] = 1
    assert metrics.average_precision(scores, targets)[0] == 0.0
    assert math.isnan(metrics.roc_auc(scores, targets)[0]) and not math.isnan(
        metrics.roc_auc(scores, targets)[1]
    )


def test_confusion_by_hand():
    scores = np.eye(3)[[0, 1, 1, 2, 0]]
    labels = np.array([0, 1, 2, 2, 1])
    np.testing.assert_array_equal(metrics.confusion_matrix(scores, labels), [[1, 0, 0], [1, 1, 0], [0, 1, 1]])


def test_interval_of_three_seeds():
    """By hand: mean 0.8, standard error 0.01 / sqrt(3), t of two degrees of freedom 4.303."""
    mean, half_width = metrics.mean_and_interval([0.79, 0.8, 0.81])
    assert mean == pytest.approx(0.8) and half_width == pytest.approx(4.303 * 0.01 / math.sqrt(3))
    assert math.isnan(metrics.mean_and_interval([0.5])[1])


@pytest.mark.parametrize(
    ("count", "t"),
    [(2, 12.706), (4, 3.182), (7, 2.447), (11, 2.228), (20, 2.093), (31, 2.042), (32, 1.960), (100, 1.960)],
)
def test_interval_by_student(count, t):
    """From Student's table: t of `count` - 1 degrees of freedom up to 30, then the normal distribution's."""
    values = np.random.default_rng(count).normal(size=count)
    expected = t * np.std(values, ddof=1) / math.sqrt(count)
    assert metrics.mean_and_interval(values)[1] == pytest.approx(expected)


def test_interval_over_windows_and_seeds():
    """By hand: two windows (means 0.5 and 0.7) by three seeds (means 0.5, 0.6 and 0.7)."""
    table = [[0.4, 0.5, 0.6], [0.6, 0.7, 0.8]]
    mean, half_width = metrics.mean_and_interval(table)
    # Squared errors of the means: 0.02 / 2 of one degree of freedom and 0.01 / 3 of two; together
    # 0.01333 ** 2 / (0.01 ** 2 / 1 + 0.00333 ** 2 / 2) = 1.68 degrees, which is 1.
    assert mean == pytest.approx(0.6) and half_width == pytest.approx(12.706 * math.sqrt(0.02 / 2 + 0.01 / 3))
    # Windows that change little leave the degrees of freedom of the seeds.
    table = np.add.outer([0.0, 0.001, 0.002], np.arange(20) / 20)
    expected = 2.093 * math.sqrt(1e-6 / 3 + np.var(table[0], ddof=1) / 20)
    assert metrics.mean_and_interval(table)[1] == pytest.approx(expected, rel=1e-3)
    table = [[0.4, 0.5, 0.6], [0.6, 0.7, 0.8]]
    # One window is as the seeds alone, one seed as the windows alone.
    assert metrics.mean_and_interval(table[:1]) == pytest.approx(metrics.mean_and_interval(table[0]))
    assert metrics.mean_and_interval([[0.5], [0.7]]) == pytest.approx(metrics.mean_and_interval([0.5, 0.7]))
    assert math.isnan(metrics.mean_and_interval([[0.5]])[1])


def test_balanced_accuracy_equals_scikit_learn():
    draws = np.random.default_rng(0)
    # The last class has no clip.
    labels = draws.choice(5, 300, p=[0.7, 0.1, 0.1, 0.1, 0])
    scores = draws.normal(size=(300, 5)) + 2 * np.eye(5)[labels]
    scores[:, 4] -= 10
    expected = sklearn_metrics.balanced_accuracy_score(labels, scores.argmax(axis=1))
    assert metrics.balanced_accuracy(scores, labels) == pytest.approx(expected)
