import numpy as np
import pytest

import byola_keras
from tests.test_case import run_layer_test


def test_bad_argument():
    with pytest.raises(ValueError, match="Received: max_ratio=-0.1"):
        byola_keras.GaussianMixup(max_ratio=-0.1)
    with pytest.raises(ValueError, match="Received: stddev=-1"):
        byola_keras.GaussianMixup(stddev=-1)


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 12, 8)).astype("float32")
    run_layer_test(byola_keras.GaussianMixup(seed=1), x, tmp_path, (3, 12, 8))


def test_noise_has_the_given_spread():
    """On silence what is left is ratio * exp(noise): its logarithm varies by `stddev` within a clip."""
    mixed = byola_keras.GaussianMixup(max_ratio=0.2, stddev=0.4, seed=1)(
        np.full((64, 50, 20), -30.0, "float32")
    ).numpy()
    np.testing.assert_allclose(mixed.std(axis=(1, 2)).mean(), 0.4, rtol=0.02)
    ratios = np.exp(mixed.mean(axis=(1, 2)))
    assert ratios.max() <= 0.2 * 1.05 and ratios.std() > 0.04
