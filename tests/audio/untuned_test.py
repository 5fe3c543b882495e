"""Data sets without a tuning thread."""

import tensorflow as tf

from byola_keras.audio.crops import CropStream, crop_dataset
from byola_keras.audio.untuned import untuned
from tests.sounds import write_sounds


def test_same_elements_without_tuning():
    squares = tf.data.Dataset.range(5).map(lambda number: number**2, num_parallel_calls=tf.data.AUTOTUNE)
    assert squares.options().autotune.enabled is not False
    assert untuned(squares).options().autotune.enabled is False
    assert list(untuned(squares).as_numpy_iterator()) == [0, 1, 4, 9, 16]


def test_crops_are_tuned_unless_the_number_of_readers_is_given(tmp_path):
    stream = CropStream([str(path) for path in sorted(write_sounds(tmp_path, count=4).iterdir())], 4000, 0)
    assert crop_dataset(stream, 2).options().autotune.enabled is not False
    assert crop_dataset(stream, 2, workers=2).options().autotune.enabled is False
