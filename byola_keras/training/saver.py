"""Saving: checkpoints and the embedder, from weights that have proved to be sound."""

import math
import os
import time

import tensorflow as tf
from absl import logging

from byola_keras.atomic import replacing
from byola_keras.models.embedder import Embedder
from byola_keras.models.losses import byol_loss
from byola_keras.models.preset import EMBEDDER_FILE
from byola_keras.training.callbacks import Schedule, StepCallback, StepMetrics, TrainingFailedError
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.intervals import Interval
from byola_keras.training.metrics_file import MetricsFile
from byola_keras.training.recipe import Runtime

# An epoch of a small folder is a step or two: the embedder is not written more often than this.
_EMBEDDER_SECONDS = 60
# Clips on which weights are tried before they are saved: at full size 0.1 s on two cores.
_TRIED_CLIPS = 16


class Saver(StepCallback):
    """Saves checkpoints at intervals, when it is told to stop, and at the end; the embedder after epochs.

    The loss that a step reports is that of the weights before its update. So weights are saved only when they
    give a finite loss themselves, see `check_weights`. The callback also ends the run when its time is up.

    Args:
        workdir: folder of the run.
        metrics: callback that counts the steps.
        metrics_file: file whose rows must be safe before a checkpoint is.
        checkpoints: checkpoints of the run.
        schedule: schedule of the run.
        runtime: intervals and time limit.
        clips: waveforms [batch, samples], on some of which the weights are tried.
        card: what the embedder's model card says.
    """

    def __init__(
        self,
        workdir: str,
        metrics: StepMetrics,
        metrics_file: MetricsFile,
        checkpoints: Checkpoints,
        schedule: Schedule,
        runtime: Runtime,
        clips: tf.Tensor,
        card: dict,
    ):
        super().__init__()
        self._workdir = workdir
        self._metrics, self._metrics_file, self._checkpoints = metrics, metrics_file, checkpoints
        self._interval = Interval(runtime.checkpoint_every)
        minutes = math.inf if runtime.max_minutes is None else runtime.max_minutes
        self._deadline = time.monotonic() + 60 * minutes
        self._steps_per_epoch = schedule.steps_per_epoch
        self._clips, self._card = clips[:_TRIED_CLIPS], card
        self._saved_step = self._checked_step = metrics.step
        self._epoch = metrics.step // schedule.steps_per_epoch
        self._embedder_saved = -math.inf
        self._stop_reason = None

    def stop(self, reason: str) -> None:
        """Lets the training end after a save, once the steps under way are done; for signals and threads."""
        # Between steps the weights are whole.
        self._stop_reason = reason

    def steps_until_due(self, step):
        return self._interval.steps_until_due(step)

    def on_train_batch_end(self, batch, logs=None):
        step = self._metrics.step
        # Several steps may have been executed, and the end of the epoch may lie among them.
        epoch, before = step // self._steps_per_epoch, self._epoch
        self._epoch = epoch
        if epoch > before and time.monotonic() - self._embedder_saved > _EMBEDDER_SECONDS:
            self._save_embedder()
            self._embedder_saved = time.monotonic()
        if time.monotonic() > self._deadline:
            self._stop_reason = "The time is up"
        if self._stop_reason or self._interval.take_if_due(step):
            self._save_checkpoint()
        if self._stop_reason:
            logging.info("%s: saved at step %d; the same command goes on.", self._stop_reason, step)
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        # The checkpoint last: after a kill between the two the same command still writes the embedder.
        self._save_embedder()
        if self._metrics.step != self._saved_step:
            self._save_checkpoint()

    def _save_checkpoint(self):
        self._check()
        # Rows first: a checkpoint never knows of a step that `metrics.csv` does not.
        self._metrics_file.flush()
        self._checkpoints.save(self._metrics.step)
        self._saved_step = self._metrics.step

    def _save_embedder(self):
        self._check()
        save_embedder(self.model, self._workdir, {**self._card, "steps": self._metrics.step})

    def _check(self):
        # The guard must have seen every step first.
        self._metrics.fetch()
        if self._checked_step != self._metrics.step:
            check_weights(self.model, self._clips, self._metrics.step)
            self._checked_step = self._metrics.step


def check_weights(model, clips: tf.Tensor, step: int) -> None:
    """Raises unless a model can be saved: nothing in it may be infinite or NaN, nor may what it answers.

    Finite weights alone prove little: after a step with a learning rate of 1e38 they are finite, and the next
    loss is not.

    Args:
        model: a built `BYOL` with a built optimizer.
        clips: waveforms [batch, samples] of the training sound.
        step: the number of the step that the weights come from.

    Raises:
        TrainingFailedError: a weight, a running statistic, a slot of the optimizer, the embedding or the loss
            is not finite.
    """
    spoilt = [v.path for v in [*model.weights, *model.optimizer.variables] if not _is_finite(v)]
    if spoilt:
        received = f"other values in {', '.join(spoilt[:3])}"
    elif not _answers_are_finite(model, clips):
        received = "finite weights, but embeddings or a loss that are not"
    else:
        return
    raise TrainingFailedError(
        f"Weights and what follows from them must be finite to be saved. Received: {received}, after step "
        f"{step}. The last checkpoint and embedder are from before; try a lower learning rate or float32."
    )


def _is_finite(variable):
    value = variable.value
    return not value.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(value)))


def _answers_are_finite(model, clips):
    """Whether embeddings and loss of clips are; the clips are not augmented, and no state changes."""
    log_mel = model.normalized_log_mel(clips)
    scene = model.encoder(log_mel, training=False)["scene"]
    prediction = model.projector(scene, training=False)
    if model.use_predictor:
        prediction = model.predictor(prediction, training=False)
    target_scene = model.target_encoder(log_mel, training=False)["scene"]
    loss = byol_loss(prediction, model.target_projector(target_scene, training=False))
    return all(bool(tf.reduce_all(tf.math.is_finite(each))) for each in (scene, loss))


def save_embedder(model, workdir: str, card: dict) -> None:
    """Writes the online encoder with front end, statistics and model card to `embedder.keras`."""
    embedder = Embedder(model.frontend, model.normalization, model.encoder, card)
    embedder.build((None, None))
    with replacing(os.path.join(workdir, EMBEDDER_FILE)) as temporary:
        embedder.save(temporary)
