import numpy as np
import pytest
import tensorflow as tf

from byola_keras.layers.dropout import Dropout
from tests.test_case import run_layer_test


def test_bad_argument():
    with pytest.raises(ValueError, match="Received: rate=1.0"):
        Dropout(1.0)


def test_layer(tmp_path):
    run_layer_test(Dropout(0.3, seed=1), np.ones((4, 10), "float32"), tmp_path, (4, 10), float32_only=False)


def test_rate_and_scale():
    y = Dropout(0.3, seed=1)(np.ones((500, 500), "float32"), training=True).numpy()
    np.testing.assert_allclose(np.mean(y == 0), 0.3, atol=0.005)
    np.testing.assert_allclose(y[y > 0], 1 / 0.7, rtol=1e-6)


def test_masks_are_the_same_with_and_without_xla_and_differ_by_call():
    x = np.ones((8, 64), "float32")
    layers = [Dropout(0.5, seed=9) for _ in range(2)]
    plain = tf.function(lambda x: layers[0](x, training=True))
    compiled = tf.function(lambda x: layers[1](x, training=True), jit_compile=True)
    masks = [plain(x).numpy() for _ in range(3)]
    np.testing.assert_array_equal([compiled(x).numpy() for _ in range(3)], masks)
    assert not np.array_equal(masks[0], masks[1])
