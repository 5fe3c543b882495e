"""What all random layers draw with."""

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.layers.random_layer import fold_in, random_bits


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("seed", [[0, 0], [7, -3], [2**31 - 1, -(2**31)]])
def test_bits_are_those_of_the_public_function(seed, jit_compile):
    """Runs that were begun with it go on, and CPU, GPU and XLA agree, because "philox" is what it names."""

    @tf.function(jit_compile=jit_compile)
    def draw(seed):
        return random_bits(seed, [5, 3]), fold_in(seed, tf.constant(11, tf.int64))

    bits, folded = draw(tf.constant(seed, tf.int32))
    expected = tf.random.stateless_uniform([5, 3], seed, None, None, tf.uint32, alg="philox")
    np.testing.assert_array_equal(bits, expected)
    np.testing.assert_array_equal(folded, tf.random.experimental.stateless_fold_in(seed, 11, alg="philox"))
