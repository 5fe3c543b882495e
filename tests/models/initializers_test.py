import random

import numpy as np

from byola_keras.models.initializers import dense, seeded_initializers


def made(seed):
    with seeded_initializers(seed):
        layer = dense(4, 3)
        layer.build((None, 3))
    return layer.kernel.numpy()


def test_initial_weights_follow_the_seed_and_leave_the_callers_numbers_alone():
    random.seed(1)
    expected = [random.random() for _ in range(2)]
    random.seed(1)
    first = random.random()
    np.testing.assert_array_equal(made(5), made(5))
    assert np.abs(made(5) - made(6)).max() > 1e-3
    assert [first, random.random()] == expected
