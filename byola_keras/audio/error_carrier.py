"""Errors of Python functions inside a `tf.data` pipeline, raised outside it as they were."""

import contextlib
from collections.abc import Callable, Iterator

import tensorflow as tf


class CarriedError(Exception):
    """Stands inside a data set for an error that an `ErrorCarrier` carries past it."""


class ErrorCarrier:
    """Carries an error past TensorFlow, which replaces what a function inside a data set raises by its own.

    The data set calls `carrier.carry(function, kind of error)` in the place of the function; the code that
    iterates over the data set does so inside `with carrier.unwrapped()`.

    Attributes:
        error: the error that was kept last; None at the beginning and once it was raised.
    """

    def __init__(self):
        self.error: Exception | None = None

    def carry(self, function: Callable, *kinds: type[Exception]) -> Callable:
        """The function for a data set: its errors of some kinds are kept, without traceback and causes.

        What it raises in their place is another object. Were one object raised in TensorFlow's thread and in
        that of the reader, then Python 3.13 would now and then, in one of a hundred times, never let go of
        the reader's frames.
        """

        def carrying(*args):
            try:
                return function(*args)
            except kinds as error:
                error.__cause__ = error.__context__ = None
                self.error = error.with_traceback(None)
                message = str(error)
            # Outside the block, or the error would be the context of this one.
            raise CarriedError(message)

        return carrying

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
