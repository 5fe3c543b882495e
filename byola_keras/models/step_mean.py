"""The mean of a value over the steps of an epoch."""

import keras


class StepMean(keras.metrics.Mean):
    """`keras.metrics.Mean` in float32 that is no part of a saved model: it begins anew with each epoch.

    Args:
        name: in the logs.
    """

    def __init__(self, name):
        super().__init__(name=name, dtype="float32")

    def save_own_variables(self, store):
        """Saves nothing."""

    def load_own_variables(self, store):
        """Loads nothing."""
