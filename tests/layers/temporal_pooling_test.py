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


@pytest.mark.parametrize("pooling", ["mean", "max", "mean_max"])
def test_frames_beyond_a_clip_do_not_count(pooling):
    frames = -1.0 - np.random.default_rng(0).uniform(size=(3, 5, 4)).astype("float32")
    layer, lengths = byola_keras.TemporalPooling(pooling), [5, 1, 3]
    pooled = layer(frames, lengths=np.array(lengths))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(pooled[row], layer(frames[row : row + 1, :length])[0], rtol=1e-6)
