import gc
import time
import weakref

import pytest
import tensorflow as tf

from byola_keras.audio.error_carrier import CarriedError, ErrorCarrier


def pipeline(function):
    def call(number):
        return tf.numpy_function(function, [number], tf.int64)

    return tf.data.Dataset.range(3).map(call).as_numpy_iterator()


def test_error_comes_out_as_it_was():
    carrier = ErrorCarrier()
    error = LookupError("no such thing")

    def fail(number):
        if number == 1:
            raise error
        return number

    def numbers():
        return pipeline(carrier.carry(fail, LookupError))

    with pytest.raises(tf.errors.OpError):
        list(numbers())
    taken = []
    with pytest.raises(LookupError) as caught, carrier.unwrapped():
        for number in numbers():
            taken.append(number)
    assert caught.value is error and carrier.error is None and taken == [0]


def test_nothing_keeps_the_data_set_alive():
    """Else TensorFlow aborts when a process ends whose data set still reads."""
    carrier = ErrorCarrier()

    class Sound:
        pass

    sound = Sound()
    gone = weakref.ref(sound)

    def use(sound):
        def fail(number):
            raise LookupError("no such thing")

        with carrier.unwrapped():
            list(pipeline(carrier.carry(fail, LookupError)))

    gc.disable()
    try:
        with pytest.raises(LookupError):
            use(sound)
        del sound
        # A thread of TensorFlow may still be about to let go of the function that it called.
        deadline = time.monotonic() + 30
        while gone() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert gone() is None
    finally:
        gc.enable()


def test_function_raises_another_object_in_the_thread_of_the_data_set():
    """Else Python 3.13 keeps the reader's frames for ever, in one of a hundred times."""
    carrier = ErrorCarrier()
    cause = OSError("no such file")

    def fail(number):
        try:
            raise cause
        except OSError as error:
            raise LookupError("no such thing") from error

    with pytest.raises(CarriedError, match="no such thing") as caught:
        carrier.carry(fail, LookupError)(0)
    assert caught.value.__context__ is None
    assert isinstance(carrier.error, LookupError) and carrier.error.__traceback__ is None
    assert carrier.error.__cause__ is None and carrier.error.__context__ is None


def test_other_errors_stay_what_they_are():
    carrier = ErrorCarrier()
    # Of an earlier use: it has nothing to do with what goes wrong now.
    carrier.error = LookupError("earlier")

    def fail(number):
        raise OSError("another")

    with pytest.raises(tf.errors.OpError, match="another"), carrier.unwrapped():
        list(pipeline(carrier.carry(fail, LookupError)))
    with pytest.raises(KeyError), carrier.unwrapped():
        raise KeyError
