"""A small probe beside the training: whether the encoder gets better at something."""

import os
import time

import numpy as np
import tensorflow as tf
from absl import logging

from byola_keras.evaluation.choices import WINDOW
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_probe import probe_task
from byola_keras.evaluation.tasks import csv_task, load_task
from byola_keras.evaluation.windows import Windows
from byola_keras.models.embedder import Embedder
from byola_keras.training.callbacks import StepCallback, StepMetrics
from byola_keras.training.probe_map import ProbeMap

# A run of its own in TensorBoard, which reads one file a run at a time.
FOLDER = os.path.join("tensorboard", "probe")
_LEARNING_RATES = (1e-3, 1e-2)
_SEEDS = (42,)
_MAX_EPOCHS = 60
_MAX_CLIPS = 5_000


def load_probe_task(spec: str) -> Task:
    """A task of at most 5,000 clips.

    Args:
        spec: "csv:PATH" or "csv:PATH:COLUMN".

    Raises:
        FileNotFoundError, ValueError: see `load_task`; or the task is not small.
    """
    if not spec.startswith(csv_task.PREFIX):
        raise ValueError(f"`probe_task` must be csv:PATH or csv:PATH:COLUMN. Received: probe_task={spec!r}")
    task = load_task(spec, "")
    if len(task.clips) > _MAX_CLIPS:
        raise ValueError(
            f"`probe_task` must have at most {_MAX_CLIPS:,} clips, as it is repeated during the training. "
            f"Received: {len(task.clips):,} clips in {spec!r}; list some of them."
        )
    return task


class Probe(StepCallback):
    """Probes the online encoder every `every` steps, and before the first.

    TensorBoard shows the score, and the embeddings of the clips in its projector, see `ProbeMap`.

    The training does not change by it. A task that fails at the start ends the run, one that fails later is
    reported and left out.

    Args:
        workdir: folder of the run.
        metrics: callback that counts the steps.
        task: the task, see `load_probe_task`.
        every: steps between two probes.
        sample_rate: sample rate of the front end in Hz.
    """

    def __init__(self, workdir: str, metrics: StepMetrics, task: Task, every: int, sample_rate: int):
        super().__init__()
        self._metrics, self._task, self._every = metrics, task, every
        self._windows = Windows(task, WINDOW, sample_rate)
        folder = os.path.join(workdir, FOLDER)
        self._writer = tf.summary.create_file_writer(folder)
        self._map = ProbeMap(folder, task)
        self._embedder = None

    def on_train_begin(self, logs=None):
        self._embedder = Embedder(self.model.frontend, self.model.normalization, self.model.encoder)
        if self._metrics.step == 0:
            self._probe()

    def steps_until_due(self, step):
        return self._every - step % self._every

    def on_train_batch_end(self, batch, logs=None):
        if self._metrics.step % self._every:
            return
        # The time of the probe is no time of a step.
        self._metrics.fetch()
        try:
            self._probe()
        except ValueError as error:
            logging.warning("The probe of step %d is left out: %s", self._metrics.step, error)

    def _probe(self):
        began = time.monotonic()
        batches = self._windows.batches(range(len(self._task.clips)))
        outputs = [self._embedder.embed(waveforms) for _, waveforms in batches]
        # Of mixed precision too.
        embeddings = np.concatenate([output["scene"] for output in outputs]).astype(np.float32)
        outcome = probe_task(self._task, embeddings, _LEARNING_RATES, _SEEDS, _MAX_EPOCHS)
        with self._writer.as_default(step=self._metrics.step):
            tf.summary.scalar(f"probe/{self._task.name}_{outcome.metric}", outcome.values[0])
        self._writer.flush()
        self._map.write(self._metrics.step, embeddings)
        logging.info(
            "Step %d: probe of %s: %s %.1f %% (%.1f s).",
            self._metrics.step,
            self._task.title,
            outcome.metric.replace("_", " "),
            100 * outcome.values[0],
            time.monotonic() - began,
        )
