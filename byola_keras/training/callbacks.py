"""What happens beside a training step: measuring, recording, guarding, saving."""

import contextlib
import math
import os
import signal
import time

import keras
from absl import logging

from byola_keras.atomic import replacing
from byola_keras.models.embedder import Embedder
from byola_keras.models.preset import EMBEDDER_FILE
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.metrics_file import MetricsFile

# Spread of the projections under which nothing is left to learn from, and for how long.
_COLLAPSED_STD = 0.01
_COLLAPSED_STEPS = 20

# An epoch of a small folder is a step or two: the embedder is not written more often than this.
_EMBEDDER_SECONDS = 60


class TrainingFailedError(RuntimeError):
    """The training has gone wrong in a way that more steps cannot mend."""


class StepCounter(keras.callbacks.Callback):
    """First in the list: turns Keras's logs into the metrics of the step, for the others to read.

    Attributes:
        step: optimizer steps done since the very beginning.
        metrics: loss and so on of the last step; "data_seconds" is how long it waited for its batch.
    """

    def __init__(self, step: int):
        super().__init__()
        self.step = step
        self.metrics: dict[str, float] = {}

    def on_train_batch_begin(self, batch, logs=None):
        self._begin = time.time()

    def on_train_batch_end(self, batch, logs=None):
        values = {name: float(value) for name, value in logs.items()}
        waited = max(0.0, values.pop("data_ready") - self._begin)
        self.step += 1
        self.metrics = {
            **values,
            "learning_rate": float(self.model.optimizer.learning_rate.numpy()),
            "target_decay": self.model.target_decay,
            "step_seconds": time.time() - self._begin,
            "data_seconds": waited,
        }


class Guard(keras.callbacks.Callback):
    """Stops a run whose loss is no number or whose projections have collapsed to a point."""

    def __init__(self, counter: StepCounter):
        super().__init__()
        self._counter = counter
        self._collapsed = 0

    def on_train_batch_end(self, batch, logs=None):
        metrics = self._counter.metrics
        if not math.isfinite(metrics["loss"]):
            raise TrainingFailedError(
                f"The loss must be finite. Received: loss={metrics['loss']} at step {self._counter.step}. "
                "The last checkpoint is from before; try a lower learning rate or float32."
            )
        small = metrics["projection_std"] < _COLLAPSED_STD
        self._collapsed = self._collapsed + 1 if small else 0
        if self._collapsed >= _COLLAPSED_STEPS:
            raise TrainingFailedError(
                "The projections of different clips must differ. Received: projection_std="
                f"{metrics['projection_std']:.2g} (1 is isotropic) at step {self._counter.step}: the network "
                "has collapsed. Try a lower learning rate, a larger batch, or more varied sound."
            )


class Recorder(keras.callbacks.Callback):
    """Writes `metrics.csv` and a line of progress every few seconds."""

    def __init__(self, counter: StepCounter, metrics_file: MetricsFile, schedule, every_seconds=10.0):
        super().__init__()
        self._counter = counter
        self._file = metrics_file
        self._total_steps = schedule.total_steps
        self._batch_size = schedule.batch_size
        self._every_seconds = every_seconds
        # The step at which the rate was last taken, and when; not the first one, which traces.
        self._reported = None

    def on_train_batch_end(self, batch, logs=None):
        self._file.write({"step": self._counter.step, **self._counter.metrics})
        step, now = self._counter.step, time.time()
        if self._reported is None:
            self._reported = (step, now)
            return
        seconds = now - self._reported[1]
        if seconds >= self._every_seconds or step == self._total_steps:
            self._report(step, seconds / (step - self._reported[0]))
            self._reported = (step, now)

    def _report(self, step, seconds_per_step):
        metrics = self._counter.metrics
        logging.info(
            "Step %d of %d: loss %.4f, spread %.3f, %.1f clips/s (waited %.0f ms of %.0f for data), %s left.",
            step,
            self._total_steps,
            metrics["loss"],
            metrics["projection_std"],
            self._batch_size / seconds_per_step,
            1000 * metrics["data_seconds"],
            1000 * metrics["step_seconds"],
            duration((self._total_steps - step) * seconds_per_step),
        )

    def on_train_end(self, logs=None):
        self._file.flush()


class Saver(keras.callbacks.Callback):
    """Saves checkpoints at intervals, on SIGTERM and SIGINT, and at the end; the embedder each epoch.

    Ends the run when its time is up.
    """

    def __init__(
        self,
        counter: StepCounter,
        checkpoints: Checkpoints,
        metrics_file: MetricsFile,
        workdir: str,
        steps_per_epoch: int,
        max_minutes: float | None = None,
        card: dict | None = None,
    ):
        super().__init__()
        self._card = card or {}
        self._deadline = math.inf if max_minutes is None else time.monotonic() + 60 * max_minutes
        self._counter = counter
        self._checkpoints = checkpoints
        self._metrics_file = metrics_file
        self._workdir = workdir
        self._steps_per_epoch = steps_per_epoch
        self._saved_step = counter.step
        self._stop_reason = None
        self._embedder_saved = -math.inf

    @contextlib.contextmanager
    def catching_signals(self):
        """While it lasts, SIGTERM and SIGINT end the training after a save."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        handlers = {number: signal.signal(number, self._note_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _note_signal(self, number, frame):
        # Between steps the weights are whole: the step under way is finished first.
        self._stop_reason = signal.Signals(number).name

    def on_train_batch_end(self, batch, logs=None):
        step = self._counter.step
        if step % self._steps_per_epoch == 0 and time.monotonic() - self._embedder_saved > _EMBEDDER_SECONDS:
            self._save_embedder()
            self._embedder_saved = time.monotonic()
        if time.monotonic() > self._deadline:
            self._stop_reason = "The time is up"
        if self._stop_reason or self._checkpoints.interval.due(step):
            self._save()
        if self._stop_reason:
            logging.info("%s: saved at step %d; the same command goes on.", self._stop_reason, step)
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self._counter.step != self._saved_step:
            self._save()
        self._save_embedder()

    def _save(self):
        # Rows first: a checkpoint never knows of a step that `metrics.csv` does not.
        self._metrics_file.flush()
        self._checkpoints.save(self._counter.step)
        self._saved_step = self._counter.step

    def _save_embedder(self):
        save_embedder(self.model, self._workdir, {**self._card, "steps": self._counter.step})


def save_embedder(model, workdir: str, card: dict | None = None) -> None:
    """Writes the online encoder with front end, statistics and model card to `embedder.keras`."""
    embedder = Embedder(model.frontend, model.normalization, model.encoder, card)
    embedder.build((None, None))
    with replacing(os.path.join(workdir, EMBEDDER_FILE)) as temporary:
        embedder.save(temporary)


def duration(seconds: float) -> str:
    """Seconds as "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
