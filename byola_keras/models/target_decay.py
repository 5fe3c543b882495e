"""tau, the target network's share of itself, as a variable or as a schedule."""

import keras
import tensorflow as tf


class TargetDecay:
    """A number that may be changed while a graph uses it, or a schedule of the optimizer's iterations.

    Args:
        value: Float in [0, 1], or a `keras.optimizers.schedules.LearningRateSchedule` with values in [0, 1].

    Raises:
        ValueError: the number lies outside [0, 1].
    """

    def __init__(self, value):
        self._schedule = value if callable(value) else None
        # No Keras variable: it is part of the configuration and not of the weights.
        self._variable = None if callable(value) else tf.Variable(_checked(value), False, dtype=tf.float64)

    def at(self, iterations) -> tf.Tensor:
        """The value after so many updates of the optimizer, a float64 scalar."""
        # 1 - 0.99 is off by 1e-6 of itself in float32.
        if self._schedule is not None:
            return tf.cast(self._schedule(iterations), tf.float64)
        return self._variable.read_value()

    def assign(self, value) -> None:
        """Sets another number.

        Raises:
            ValueError: the number lies outside [0, 1], or there is a schedule, whose values are computed.
        """
        if self._schedule is not None or callable(value):
            raise ValueError(
                "`target_decay` can be set to a number where it is a number; build another BYOL for a "
                f"schedule. Received: target_decay={value!r}"
            )
        self._variable.assign(_checked(value))

    def get_config(self):
        """The number or the configuration of the schedule, JSON values."""
        if self._schedule is not None:
            return keras.saving.serialize_keras_object(self._schedule)
        return float(self._variable.numpy())

    @staticmethod
    def from_config(config):
        """A number or schedule of `get_config`."""
        return keras.saving.deserialize_keras_object(config) if isinstance(config, dict) else config


def _checked(value):
    value = float(value)
    if not 0 <= value <= 1:
        raise ValueError(f"`target_decay` must lie in [0, 1]. Received: target_decay={value}")
    return value
