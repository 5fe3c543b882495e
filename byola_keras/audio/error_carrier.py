"""Errors of Python functions inside a `tf.data` pipeline, raised outside it as they were."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf


class ErrorCarrier:
    """Carries an error past TensorFlow, which replaces what a function inside a data set raises by its own.

    The function inside the data set says `raise carrier.keep(error)`; the code that iterates over the data
    set does so inside `with carrier.unwrapped()`.

    Attributes:
        error: the error that was kept last; None at the beginning and once it was raised.
    """

    def __init__(self):
        self.error: Exception | None = None

    def keep(self, error: Exception) -> Exception:
        """Keeps an error that is about to be raised; returns it."""
        self.error = error
        return error

    @contextlib.contextmanager
    def unwrapped(self) -> Iterator[None]:
        """Raises the error that was kept within the block in place of TensorFlow's."""
        self.error = None
        try:
            yield
        except tf.errors.OpError as of_tensorflow:
            error, self.error = self.error, None
            if error is None:
                raise
            # The frames of its traceback hold it in turn (from Python 3.13 on, that of `__exit__` does).
            of_tensorflow.__traceback__ = None
            try:
                raise error from None
            finally:
                # The traceback of the error leads to this frame. A reference back would keep the data set and
                # its threads alive, and with them TensorFlow aborts at the end of the process.
                del error
