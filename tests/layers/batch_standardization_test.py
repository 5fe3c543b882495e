import numpy as np

import byola_keras
from tests import reference
from tests.test_case import run_layer_test


def test_layer(tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 12, 8)).astype("float32")
    run_layer_test(byola_keras.BatchStandardization(), x, tmp_path, (4, 12, 8))


def test_equals_the_original():
    arrays, _ = reference.load("normalize_batch")
    layer = byola_keras.BatchStandardization()
    for suffix in ("", "_small", "_const"):
        actual = layer(arrays["input" + suffix])
        np.testing.assert_allclose(actual, arrays["out" + suffix], atol=3e-6, rtol=0)
    mean, std = layer.statistics(arrays["input"])
    np.testing.assert_allclose([mean, std], [arrays["mean"][0], arrays["std"][0]], rtol=1e-6)
