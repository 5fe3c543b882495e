import numpy as np
import pytest

import byola_keras
from tests import reference
from tests.test_case import run_layer_test


def test_bad_argument():
    with pytest.raises(ValueError, match="Received: gain=-1"):
        byola_keras.RandomLinearFader(gain=-1)


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 12, 8)).astype("float32")
    run_layer_test(byola_keras.RandomLinearFader(seed=1), x, tmp_path, (3, 12, 8))


def test_transform_equals_the_original():
    arrays, _ = reference.load("random_linear_fader")
    x = reference.image_to_log_mel(arrays["input"][:, None])
    heads, tails = arrays["ends"].T
    actual = byola_keras.RandomLinearFader().transform(np.repeat(x, len(heads), axis=0), heads, tails)
    np.testing.assert_allclose(actual, reference.image_to_log_mel(arrays["out"]), atol=3e-6, rtol=0)


def test_ends_are_uniform_and_independent():
    faded = byola_keras.RandomLinearFader(gain=2.0, seed=1)(np.zeros((4000, 5, 1), "float32")).numpy()
    heads, tails = faded[:, 0, 0], faded[:, -1, 0]
    assert heads.min() < -1.95 and heads.max() > 1.95 and np.abs(faded).max() <= 2.0
    np.testing.assert_allclose([heads.std(), tails.std()], 2 / np.sqrt(3), rtol=0.05)
    assert abs(np.corrcoef(heads, tails)[0, 1]) < 0.06
    np.testing.assert_allclose(faded[:, 2, 0], (heads + tails) / 2, atol=1e-5)
