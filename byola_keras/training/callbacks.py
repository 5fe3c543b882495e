"""What happens beside a training step: measuring, recording, guarding. Saving is in `saver`."""

import math
import time
from typing import NamedTuple

import keras
from absl import logging

from byola_keras.training.metrics_file import MetricsFile

# Spread of the projections under which nothing is left to learn from, and for how long.
_COLLAPSED_STD = 0.01
_COLLAPSED_STEPS = 20


class Schedule(NamedTuple):
    """How much a run trains."""

    batch_size: int
    steps_per_epoch: int
    total_steps: int


class TrainingFailedError(RuntimeError):
    """The training has gone wrong in a way that more steps cannot mend."""


class StepMetrics(keras.callbacks.Callback):
    """The metrics of each step, for the other callbacks to read; it must be the first in their list.

    Args:
        step: number of steps that were done before.

    Attributes:
        step: number of steps done since the very beginning.
        values: loss and so on of the last step by name; "data_seconds" is how long it waited for its batch.
    """

    def __init__(self, step: int):
        super().__init__()
        self.step = step
        self.values: dict[str, float] = {}

    def on_train_batch_begin(self, batch, logs=None):
        self._begin = time.time()

    def on_train_batch_end(self, batch, logs=None):
        values = {name: float(value) for name, value in logs.items()}
        ready = values.pop("data_ready", math.nan)  # not every batch says when it was ready
        waited = math.nan if math.isnan(ready) else max(0.0, ready - self._begin)
        self.step += 1
        self.values = {
            **values,
            "learning_rate": float(self.model.optimizer.learning_rate.numpy()),
            "target_decay": float(self.model.target_decay),
            "step_seconds": time.time() - self._begin,
            "data_seconds": waited,
        }


class Guard(keras.callbacks.Callback):
    """Stops a run whose loss is no number or whose projections have collapsed to a point."""

    def __init__(self, metrics: StepMetrics):
        super().__init__()
        self._metrics = metrics
        self._collapsed = 0

    def on_train_batch_end(self, batch, logs=None):
        values = self._metrics.values
        if not math.isfinite(values["loss"]):
            raise TrainingFailedError(
                f"The loss must be finite. Received: loss={values['loss']} at step {self._metrics.step}. "
                "The last checkpoint is from before; try a lower learning rate or float32."
            )
        small = values["projection_std"] < _COLLAPSED_STD
        self._collapsed = self._collapsed + 1 if small else 0
        if self._collapsed >= _COLLAPSED_STEPS:
            raise TrainingFailedError(
                "The projections of different clips must differ. Received: projection_std="
                f"{values['projection_std']:.2g} (1 is isotropic) at step {self._metrics.step}: the network "
                "has collapsed. Try a lower learning rate, a larger batch, or more varied sound."
            )


class Recorder(keras.callbacks.Callback):
    """Writes `metrics.csv` and a line of progress every few seconds."""

    def __init__(
        self, metrics: StepMetrics, metrics_file: MetricsFile, schedule: Schedule, every_seconds=10.0
    ):
        super().__init__()
        self._metrics = metrics
        self._file = metrics_file
        self._total_steps = schedule.total_steps
        self._batch_size = schedule.batch_size
        self._every_seconds = every_seconds
        # The step at which the rate was last taken, and when; not the first one, which traces.
        self._reported = None

    def on_train_batch_end(self, batch, logs=None):
        self._file.write({"step": self._metrics.step, **self._metrics.values})
        step, now = self._metrics.step, time.time()
        if self._reported is None:
            self._reported = (step, now)
            return
        seconds = now - self._reported[1]
        if seconds >= self._every_seconds or step == self._total_steps:
            self._report(step, seconds / (step - self._reported[0]))
            self._reported = (step, now)

    def _report(self, step, seconds_per_step):
        values = self._metrics.values
        logging.info(
            "Step %d of %d: loss %.4f, spread %.3f, %.1f clips/s (waited %.0f ms of %.0f for data), %s left.",
            step,
            self._total_steps,
            values["loss"],
            values["projection_std"],
            self._batch_size / seconds_per_step,
            1000 * values["data_seconds"],
            1000 * values["step_seconds"],
            duration((self._total_steps - step) * seconds_per_step),
        )

    def on_train_end(self, logs=None):
        self._file.flush()


def duration(seconds: float) -> str:
    """Seconds as "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
