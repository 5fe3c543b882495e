"""Data sets whose parallelism is given, and not found by trying."""

import tensorflow as tf


def untuned(data_set: tf.data.Dataset) -> tf.data.Dataset:
    """The same data set without the thread that tunes its parallelism.

    The thread can keep a data set that nobody holds any more from ending for up to a minute. Without it,
    `tf.data.AUTOTUNE` stands for as many threads as there are processors, up to 16.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return data_set.with_options(options)
