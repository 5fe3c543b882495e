"""Products of float32 numbers with all their digits, on GPUs too."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Switches TensorFloat-32 off inside the context, and back to what it was at the end.

    GPUs from Ampere on multiply float32 matrices with 10-bit mantissas by default, which moves a log-mel by
    up to 1e-3.
    """
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
