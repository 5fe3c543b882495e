"""A value that changes with the steps: a linear warm-up, and then half a wave of a cosine."""

import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="byola_keras")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Goes from `start` to `base` in a straight line, and from there to `end` by half a wave of a cosine.

    It serves for learning rates, `byola_keras.Adam(WarmupCosine(...))`, and for the target network's share of
    itself, `BYOL(target_decay=WarmupCosine(...))`. Unlike `keras.optimizers.schedules.CosineDecay`, it may
    rise to any end, and counts in float64: near the end of a run 1 - tau is so small that float32 would lose
    its digits.

    Args:
        base: Float, the value after the warm-up.
        start: Float, the value at step 0; only with `warmup_steps`.
        warmup_steps: Integer, the steps of the warm-up; 0 for none.
        end: Float, the value at `total_steps` and after it; None to stay at `base`.
        total_steps: Integer, the last step of the cosine, counted from step 0; only with `end`.

    Call arguments:
        step: integer scalar, from 0 on.

    Raises:
        ValueError: the cosine has no step for itself.

    Reference:
        https://arxiv.org/abs/2006.07733, Section 3.3: warm-up and cosine of the learning rate, and
        tau = 1 - (1 - tau_base) (cos(pi k / K) + 1) / 2 at step k of K.
    """

    def __init__(self, base, start=0.0, warmup_steps=0, end=None, total_steps=None, name="warmup_cosine"):
        if end is not None and (total_steps is None or total_steps <= warmup_steps):
            raise ValueError(
                "`total_steps` must be more than `warmup_steps`, for the cosine lies between them. Received: "
                f"total_steps={total_steps}, warmup_steps={warmup_steps}"
            )
        self.base = base
        self.start = start
        self.warmup_steps = warmup_steps
        self.end = end
        self.total_steps = total_steps
        self.name = name

    def __call__(self, step):
        step = tf.cast(step, tf.float64)
        value = tf.constant(self.base, tf.float64)
        if self.end is not None:
            done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
            # Of what is left, so that the end is met exactly.
            left = 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(done, 0.0, 1.0)))
            value = self.end + (self.base - self.end) * left
        if self.warmup_steps:
            rising = self.start + (self.base - self.start) * step / self.warmup_steps
            value = tf.where(step < self.warmup_steps, rising, value)
        return value

    def get_config(self):
        return {
            "base": self.base,
            "start": self.start,
            "warmup_steps": self.warmup_steps,
            "end": self.end,
            "total_steps": self.total_steps,
            "name": self.name,
        }
