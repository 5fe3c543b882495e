import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from byola_keras.classify.calibration import (
    calibration_error,
    cross_entropy,
    fit_temperature,
    precision_thresholds,
)


def drawn(temperature, multi_label=False, clips=4000):
    """Scores that are right for targets after division by a temperature."""
    draws = np.random.default_rng(0)
    scores = draws.normal(0, 2, (clips, 4))
    if multi_label:
        targets = (draws.random(scores.shape) < 1 / (1 + np.exp(-scores))).astype("float32")
    else:
        targets = (scores + draws.gumbel(size=scores.shape)).argmax(axis=1)
    return scores * temperature, targets


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("temperature", [0.4, 1.0, 5.0])
def test_temperature_is_found_again(temperature, multi_label):
    scores, targets = drawn(temperature, multi_label)
    found = fit_temperature(scores, targets)
    assert abs(found / temperature - 1) < 0.08
    best = minimize_scalar(lambda t: cross_entropy(scores / t, targets), (found / 2, found)).x
    assert abs(found / best - 1) < 1e-4


def test_temperature_of_what_is_never_wrong_stays_finite():
    scores = np.array([[2.0, -2.0], [-2.0, 2.0]])
    assert 0.05 <= fit_temperature(scores, np.array([0, 1])) < 0.1
    assert fit_temperature(scores, np.array([1, 0])) == pytest.approx(20, 1e-6)


def test_calibration_error_by_hand():
    # Three clips in the bin of 0.9, two of them right; one in the bin of 0.6, wrong.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    error = calibration_error(probabilities, np.array([0, 0, 1, 0]))
    assert error == pytest.approx((3 * abs(0.9 - 2 / 3) + 0.6) / 4)
    labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    bins = [(3, 0.9, 2 / 3), (3, 0.1, 0.0), (1, 0.4, 0.0), (1, 0.6, 1.0)]
    expected = sum(count * abs(sure - right) for count, sure, right in bins) / 8
    assert calibration_error(probabilities, labels) == pytest.approx(expected)


def test_thresholds_for_a_precision():
    probabilities = np.array([[0.9, 0.2], [0.8, 0.8], [0.7, 0.7], [0.6, 0.6], [0.6, 0.5], [0.1, 0.1]])
    is_class = np.array([[1, 0], [1, 0], [0, 0], [1, 0], [0, 0], [0, 1]], bool)
    thresholds, reached = precision_thresholds(probabilities, is_class, 0.6)
    # From 0.6 on 3 of 5 are right: the two clips of 0.6 belong together.
    assert thresholds[0] == 0.6 and reached[0]
    assert precision_thresholds(probabilities, is_class, 0.7)[0][0] == 0.8
    # Of the second class 1 of 6 is right at the best: no threshold will do, and none of these is detected.
    assert not reached[1] and (probabilities[:, 1] < thresholds[1]).all()
    # A class of which little is known is not heard more easily for that.
    assert precision_thresholds(probabilities[:, 1:] / 4, is_class[:, 1:] & False, 0.9)[0] == [0.5]
