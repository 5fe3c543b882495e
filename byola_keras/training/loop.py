"""The loop of a run: steps on the devices, without a word from the host between them."""

import math
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from byola_keras.models.byol import BYOL
from byola_keras.models.replica_step import run_on_replicas
from byola_keras.training.callbacks import MEASURED, OF_REPLICAS, StepCallback, StepMetrics


class Steps:
    """Executes training steps, some at a time, and leaves what they measure on the device.

    One graph serves for every number of steps: a run gives the same digits however its steps are divided
    into executions. Keras's own `fit` would turn the logs of every step into Python numbers, and with that
    wait for the device; it also gives no access to the steps within an execution.

    Args:
        model: a built and compiled `BYOL`.
        data: endless batches, see `BYOL.train_step`; or what the model's strategy has made of them.

    Attributes:
        model: the model.
    """

    def __init__(self, model: BYOL, data: tf.data.Dataset | tf.distribute.DistributedDataset):
        self.model = model
        self._strategy = model.distribute_strategy
        # Deterministic TensorFlow refuses to tell the time: such data carry none.
        self._timed = isinstance(data.element_spec, dict) and "ready" in data.element_spec
        if isinstance(data, tf.data.Dataset):
            data = self._strategy.experimental_distribute_dataset(data)
        self._batches = iter(data)
        logging.info("Making the graph of a training step; the first step comes after that.")
        # Traced once: a call costs half of what one of `tf.function` does, which looks at its arguments.
        self._function = tf.function(self._steps, autograph=False).get_concrete_function(
            tf.TensorSpec([], tf.int32)
        )

    def run(self, count: int) -> tf.Tensor:
        """Executes `count` steps.

        Returns:
            float64 [count, len(MEASURED)], which a device may still be computing. "data_seconds", from when
            the step asked for its batch until that was ready, is negative where it was ready before, and NaN
            where the data carry no times.
        """
        return self._function(tf.constant(count))

    def _steps(self, count):
        rows = tf.TensorArray(tf.float64, count, element_shape=[len(MEASURED)])
        return tf.while_loop(
            lambda number, _: number < count,
            lambda number, rows: (number + 1, rows.write(number, self._step())),
            (tf.constant(0), rows),
            # The next step begins with the weights of this one.
            parallel_iterations=1,
        )[1].stack()

    def _step(self):
        begun = tf.timestamp() if self._timed else tf.constant(math.nan, tf.float64)
        # A schedule's value is that of the number of updates so far: the step's own before its update.
        learning_rate = tf.identity(self.model.optimizer.learning_rate)
        with tf.control_dependencies([begun]):
            batch = next(self._batches)

        def replica_step(batch):
            values = {"data_ready": math.nan, **self.model.train_step(batch)}
            # The clocks of two machines differ: only times of one are subtracted.
            values["data_seconds"] = tf.cast(values.pop("data_ready"), tf.float64) - begun
            return _as_row([values[name] for name in OF_REPLICAS])

        of_replicas = run_on_replicas(self._strategy, replica_step, batch, self.model.jit_step)
        measured = self._strategy.reduce(tf.distribute.ReduceOp.MEAN, of_replicas, axis=None)
        # The target network follows the update, and takes the value that belongs to the number after it.
        common = [learning_rate, self.model.target_decay_tensor()]
        return tf.concat([measured, _as_row(common)], axis=0)


def _as_row(values):
    return tf.stack([tf.cast(tf.convert_to_tensor(value), tf.float64) for value in values])


def train(
    model: BYOL,
    data: tf.data.Dataset | tf.distribute.DistributedDataset,
    metrics: StepMetrics,
    callbacks: list[StepCallback],
    total_steps: int,
    steps_per_execution: int = 1,
    announce: Callable[[int], None] = lambda count: None,
) -> None:
    """Trains until `total_steps` are done or a callback sets `model.stop_training`.

    Args:
        model: a built and compiled `BYOL`.
        data: endless batches that begin with the one of the next step.
        metrics: counts the steps from the one that the run goes on from.
        callbacks: called in their order after each execution.
        total_steps: steps since the very beginning.
        steps_per_execution: steps that are executed at once, as far as no callback is due in between.
        announce: called before each execution with its number of steps.

    Raises:
        TrainingFailedError: see the callbacks.
    """
    steps = Steps(model, data)
    metrics.receivers = callbacks
    model.stop_training = False
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    try:
        execute(steps, metrics, callbacks, total_steps, steps_per_execution, announce)
    finally:
        # After an error, too, `metrics.csv` has a row for each step that was done.
        metrics.fetch()
    for callback in callbacks:
        callback.on_train_end()


def execute(
    steps: Steps,
    metrics: StepMetrics,
    callbacks: list[StepCallback],
    total_steps: int,
    steps_per_execution: int = 1,
    announce: Callable[[int], None] = lambda count: None,
) -> None:
    """The middle part of `train`: executes steps, and calls the callbacks, which have begun, in between."""
    metrics.restart_clock()
    while metrics.step < total_steps and not steps.model.stop_training:
        due = [callback.steps_until_due(metrics.step) for callback in callbacks]
        count = min(steps_per_execution, total_steps - metrics.step, *due)
        announce(count)
        metrics.add(steps.run(count), count)
        for callback in callbacks:
            callback.on_train_batch_end(metrics.step - 1)
        metrics.restart_clock()
