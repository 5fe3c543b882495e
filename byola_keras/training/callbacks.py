"""What happens beside a training step: measuring, recording, guarding. Saving is in `saver`."""

import math
import time
from typing import NamedTuple

import keras
import tensorflow as tf
from absl import logging

from byola_keras.training.metrics_file import MetricsFile

# Spread of the projections under which nothing is left to learn from, and for how long.
_COLLAPSED_STD = 0.01
_COLLAPSED_STEPS = 20
# What a step measures on the devices, in the order of the tensors that `loop` hands over.
OF_REPLICAS = ("loss", "cosine", "projection_std", "data_seconds")
MEASURED = (*OF_REPLICAS, "learning_rate", "target_decay")
# How much may be done until the host looks at what was measured.
_FETCH_STEPS = 50
_FETCH_SECONDS = 1.0


class Schedule(NamedTuple):
    """How much a run trains."""

    batch_size: int
    steps_per_epoch: int
    total_steps: int


class TrainingFailedError(RuntimeError):
    """The training has gone wrong in a way that more steps cannot mend."""


class StepCallback(keras.callbacks.Callback):
    """A Keras callback as `loop.train` calls it: `on_train_batch_end` after each execution of steps.

    It gets no logs, for what a step measures stays on the device for a while, but rows in bulk.
    """

    def steps_until_due(self, step: int) -> float:
        """Steps after `step`, at least 1, until the callback must be called; infinite where it need not."""
        return math.inf

    def on_row(self, row: dict[str, float]) -> None:
        """Gets what a step measured, by the names of the columns of `metrics.csv`; once a step, in order."""


class StepMetrics(StepCallback):
    """Counts the steps, and fetches what they measured from the device, many steps at a time.

    A fetch waits for the device. It comes every 50 steps, after each second, and whenever another callback
    asks for it, as those that save or show something do first. It must be the first of the callbacks.

    Args:
        step: number of steps that were done before.

    Attributes:
        step: number of steps done since the very beginning.
        values: the row of the last step that was fetched, see `StepCallback.on_row`. "step_seconds" is a mean
            over the steps that were fetched together; "data_seconds" is how long a step waited for its batch.
        receivers: callbacks whose `on_row` gets every row.
    """

    def __init__(self, step: int):
        super().__init__()
        self.step = step
        self.values: dict[str, float] = {}
        self.receivers: list[StepCallback] = []
        self._pending, self._pending_steps = [], 0
        self._since = time.monotonic()

    def add(self, rows: tf.Tensor, count: int) -> None:
        """Takes the rows of `count` steps that were just executed, [count, len(MEASURED)]."""
        self._pending.append(rows)
        self._pending_steps += count
        self.step += count

    def restart_clock(self) -> None:
        """Lets the time of the next step begin now, unless there are steps whose time is not taken yet."""
        if not self._pending:
            self._since = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self._pending_steps >= _FETCH_STEPS or time.monotonic() - self._since >= _FETCH_SECONDS:
            self.fetch()

    def fetch(self) -> None:
        """Waits for all steps so far and hands their rows to the receivers."""
        if not self._pending:
            return
        first = self.step - self._pending_steps + 1
        pending, self._pending, self._pending_steps = self._pending, [], 0
        rows = tf.concat(pending, axis=0).numpy().tolist()
        now = time.monotonic()
        seconds, self._since = (now - self._since) / len(rows), now
        for step, row in enumerate(rows, first):
            self.values = _row(step, dict(zip(MEASURED, row, strict=True)), seconds)
            for receiver in self.receivers:
                receiver.on_row(self.values)


def _row(step, measured, seconds):
    waited = measured["data_seconds"]
    return {
        "step": step,
        **measured,
        "step_seconds": seconds,
        # Not every batch says when it was ready.
        "data_seconds": waited if math.isnan(waited) else max(0.0, waited),
    }


class Guard(StepCallback):
    """Stops a run whose loss is no number or whose projections have collapsed to a point.

    It learns of a step when its row is fetched: some steps may follow until then, but no save.
    """

    def __init__(self):
        super().__init__()
        self._collapsed = 0

    def on_row(self, row):
        if not math.isfinite(row["loss"]):
            raise TrainingFailedError(
                f"The loss must be finite. Received: loss={row['loss']} at step {row['step']}. "
                "The last checkpoint is from before; try a lower learning rate or float32."
            )
        small = row["projection_std"] < _COLLAPSED_STD
        self._collapsed = self._collapsed + 1 if small else 0
        if self._collapsed >= _COLLAPSED_STEPS:
            raise TrainingFailedError(
                "The projections of different clips must differ. Received: projection_std="
                f"{row['projection_std']:.2g} (1 is isotropic) at step {row['step']}: the network "
                "has collapsed. Try a lower learning rate, a larger batch, or more varied sound."
            )


class Recorder(StepCallback):
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

    def on_row(self, row):
        self._file.write(row)

    def on_train_batch_end(self, batch, logs=None):
        if self._reported is None:
            self._reported = (self._metrics.step, time.monotonic())
        elif (
            self._metrics.step == self._total_steps
            or time.monotonic() - self._reported[1] >= self._every_seconds
        ):
            # Steps that are not fetched may not be done.
            self._metrics.fetch()
            step, now = self._metrics.step, time.monotonic()
            self._report(step, (now - self._reported[1]) / (step - self._reported[0]))
            self._reported = (step, now)

    def _report(self, step, seconds_per_step):
        values = self._metrics.values
        logging.info(
            "Step %d of %d: loss %.4f, projection_std %.3f, %.1f clips/s%s, %s left.",
            step,
            self._total_steps,
            values["loss"],
            values["projection_std"],
            self._batch_size / seconds_per_step,
            _waited(values),
            duration((self._total_steps - step) * seconds_per_step),
        )

    def on_train_end(self, logs=None):
        self._file.flush()


def _waited(values):
    """What a deterministic run cannot tell is left out."""
    if math.isnan(values["data_seconds"]):
        return ""
    return f" (waited {1000 * values['data_seconds']:.0f} ms of {1000 * values['step_seconds']:.0f} for data)"


def duration(seconds: float) -> str:
    """Seconds as "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
