import gc
import time
import weakref

import pytest
import tensorflow as tf

from byola_keras.audio.error_carrier import ErrorCarrier


def pipeline(function):
    def call(number):
        return tf.numpy_function(function, [number], tf.int64)

    return tf.data.Dataset.range(3).map(call).as_numpy_iterator()


def test_error_comes_out_as_it_was():
    carrier = ErrorCarrier()
    error = LookupError("no such thing")

    def fail(number):
        if number == 1:
            raise carrier.keep(error)
        return number

    with pytest.raises(tf.errors.OpError):
        list(pipeline(fail))
    taken = []
    with pytest.raises(LookupError) as caught, carrier.unwrapped():
        for number in pipeline(fail):
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
            raise carrier.keep(LookupError("no such thing"))

        with carrier.unwrapped():
            list(pipeline(fail))

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


def test_other_errors_stay_what_they_are():
    carrier = ErrorCarrier()
    # Of an earlier use: it has nothing to do with what goes wrong now.
    carrier.keep(LookupError("earlier"))

    def fail(number):
        raise OSError("another")

    with pytest.raises(tf.errors.OpError, match="another"), carrier.unwrapped():
        list(pipeline(fail))
    with pytest.raises(KeyError), carrier.unwrapped():
        raise KeyError
