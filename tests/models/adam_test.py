import numpy as np
import tensorflow as tf

import byola_keras


def test_equals_adam_as_published_in_float64():
    """Small gradients, where the place of epsilon shows."""
    draws = np.random.default_rng(0)
    gradients = draws.normal(0, 1e-7, (5, 20))
    variable = tf.Variable(np.zeros(20), dtype=tf.float32)
    optimizer = byola_keras.Adam(0.1)
    weight, m, v = np.zeros(20), np.zeros(20), np.zeros(20)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.apply_gradients([(tf.constant(gradient, tf.float32), variable)])
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        weight -= 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        np.testing.assert_allclose(variable, weight, rtol=2e-4, atol=1e-6)


def test_config_round_trip():
    optimizer = byola_keras.Adam(0.5, beta_1=0.8, epsilon=1e-5)
    copy = byola_keras.Adam.from_config(optimizer.get_config())
    assert (float(copy.learning_rate), copy.beta_1, copy.epsilon) == (0.5, 0.8, 1e-5)
