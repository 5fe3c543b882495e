import numpy as np
import pytest

import byola_keras
from tests.test_case import run_layer_test


def test_bad_argument():
    with pytest.raises(ValueError, match="Received: pooling='median'"):
        byola_keras.TemporalPooling("median")


@pytest.mark.parametrize(
    ("pooling", "expected"), [("mean", [2.0, -1.0]), ("max", [3.0, 0.0]), ("mean_max", [5.0, -1.0])]
)
def test_layer(tmp_path, pooling, expected):
    x = np.array([[[1.0, 0.0], [3.0, -2.0]]], "float32")
    y = run_layer_test(byola_keras.TemporalPooling(pooling), x, tmp_path, (1, 2), float32_only=False)
    np.testing.assert_allclose(y, [expected])
