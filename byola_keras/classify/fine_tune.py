"""Fine-tuning: trains encoder and head from a trained head on, and goes on exactly where it was stopped."""

import contextlib
import csv
import io
import os
import shutil
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from absl import logging

from byola_keras.atomic import write_text
from byola_keras.audio.error_carrier import ErrorCarrier
from byola_keras.audio.untuned import untuned
from byola_keras.classify.head import balanced_weights
from byola_keras.classify.labelled import LabelledClips
from byola_keras.classify.settings import BALANCED, TrainSettings
from byola_keras.classify.tuning_step import TuningStep, as_rows, warmup_schedule
from byola_keras.evaluation.choices import WINDOW
from byola_keras.evaluation.metrics import mean_average_precision
from byola_keras.evaluation.windows import Windows
from byola_keras.models.embedder import Embedder

CHECKPOINTS, EPOCHS_FILE = "checkpoints", "epochs.csv"
# Steps after which a checkpoint is written; there is one at the end of each epoch, too.
_CHECKPOINT_STEPS = 200
_BEST = "best"


def forget(output_dir: str) -> None:
    """Removes what a fine-tuning would go on from."""
    shutil.rmtree(os.path.join(output_dir, CHECKPOINTS), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(output_dir, EPOCHS_FILE))


def fine_tune(
    embedder: Embedder, head, clips: LabelledClips, settings: TrainSettings, output_dir: str
) -> None:
    """Trains encoder and head, and leaves them with the weights of the best epoch.

    The best is the epoch with the highest metric on the validation clips, of equal ones the last; the
    epoch 0, before any step, counts as well. Without validation clips it is the last one.

    Args:
        embedder: the embedder, with its statistics.
        head: the head that was trained on it.
        clips: the clips.
        settings: how it is trained.
        output_dir: folder that gets the checkpoints and `epochs.csv`, a row an epoch.

    Raises:
        ValueError: a clip cannot be decoded.
    """
    run = _Run(embedder, head, clips, settings, output_dir)
    run.restore()
    for step, waveforms, targets in run.batches():
        run.losses.append(float(run.step(waveforms, targets)))
        done = int(step) + 1
        if done % run.steps_per_epoch == 0:
            run.end_epoch(done)
        elif done % _CHECKPOINT_STEPS == 0:
            run.save(done)
    run.take_best()


class _Run:
    """A fine-tuning that is under way."""

    def __init__(self, embedder, head, clips, settings, output_dir):
        self._embedder, self._head, self._clips, self._settings = embedder, head, clips, settings
        self._train = clips.numbers["train"]
        self._rows = as_rows(clips.targets, len(clips.task.classes))
        self._batch = min(settings.batch_size, len(self._train))
        # What does not fill a batch is left out, in each epoch something else.
        self.steps_per_epoch = len(self._train) // self._batch
        self._steps = settings.epochs * self.steps_per_epoch
        self.step = self._new_step()
        self._samples = int(clips.task.unit_seconds * embedder.sample_rate)
        self.step.build(self._samples)
        self._done, self._best_value = (tf.Variable(v, trainable=False) for v in (0, -np.inf))
        self._trained = [*embedder.encoder.weights, *head.weights]
        self._best = [tf.Variable(weight.value, trainable=False) for weight in self._trained]
        self._errors = ErrorCarrier()
        self.losses, self._loss_sum = [], tf.Variable(0.0, dtype=tf.float64, trainable=False)
        checkpoint = tf.train.Checkpoint(
            done=self._done,
            best_value=self._best_value,
            loss_sum=self._loss_sum,
            best={str(place): variable for place, variable in enumerate(self._best)},
            state=self.step.variables(),
        )
        folder = os.path.join(output_dir, CHECKPOINTS)
        self._manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        self._epochs_file = os.path.join(output_dir, EPOCHS_FILE)

    def _new_step(self):
        settings, rate = self._settings, self._settings.learning_rate
        weights = balanced_weights(self._clips) if settings.class_weights == BALANCED else None
        rates = [
            warmup_schedule(base, self._steps, settings.warmup)
            for base in (rate * settings.encoder_rate, rate)
        ]
        how = (self._clips.task.multi_label, weights, settings.augment, settings.mixup, settings.seeds[0])
        return TuningStep(self._embedder, self._head, rates, *how)

    # Going on -------------------------------------------------------------------------------------

    def restore(self):
        """Takes the newest checkpoint; without one, the weights as they are are the best so far."""
        latest = self._manager.latest_checkpoint
        if latest:
            self._manager.checkpoint.restore(latest).assert_existing_objects_matched()
            logging.info("Fine-tuning goes on after step %d of %d.", int(self._done), self._steps)
        elif not self._clips.chooses_on_training:
            self._best_value.assign(self._validate())
            logging.info("Before fine-tuning: %.4f on the validation clips.", float(self._best_value))

    def save(self, done):
        self._done.assign(done)
        self._loss_sum.assign_add(sum(self.losses))
        self.losses = []
        self._manager.save(checkpoint_number=done)

    def end_epoch(self, done):
        """Validates, notes and saves."""
        loss = (float(self._loss_sum) + sum(self.losses)) / self.steps_per_epoch
        value = None if self._clips.chooses_on_training else self._validate()
        if value is None or value >= float(self._best_value):
            for kept, weight in zip(self._best, self._trained, strict=True):
                kept.assign(weight.value)
            self._best_value.assign(-np.inf if value is None else value)
        epoch = done // self.steps_per_epoch
        self._note(epoch, loss, value)
        self.losses = []
        self._loss_sum.assign(0.0)
        self.save(done)

    def take_best(self):
        for kept, weight in zip(self._best, self._trained, strict=True):
            weight.assign(kept)

    def _note(self, epoch, loss, value):
        rows = [row for row in _read(self._epochs_file) if int(row["epoch"]) < epoch]
        rows.append({"epoch": epoch, "loss": loss, "valid": "" if value is None else value})
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self._epochs_file, text.getvalue())
        told = "" if value is None else f", {value:.4f} on the validation clips"
        logging.info("Epoch %d of %d: loss %.4f%s.", epoch, self._settings.epochs, loss, told)

    def _validate(self):
        targets = self._clips.targets[self._clips.numbers["valid"]]
        scores = scores_of_sound(self._embedder, self._head, self._clips, "valid")
        if targets.ndim == 2:
            return mean_average_precision(scores, targets)
        return float(np.mean(scores.argmax(axis=1) == targets))

    # Sound ----------------------------------------------------------------------------------------

    def batches(self) -> Iterator[tuple[int, tf.Tensor, tf.Tensor]]:
        """Steps that are not done, each with its waveforms and targets: functions of the step alone."""

        def read(step):
            step = int(step)
            numbers = self._numbers(step)
            # Each epoch has other windows of the clips that are longer than one.
            seed = self._settings.seeds[0] * 100_003 + step // self.steps_per_epoch
            windows = Windows(self._clips.task, WINDOW, self._embedder.sample_rate, seed)
            return np.stack([windows.read(number) for number in numbers]), self._rows[numbers]

        carried = self._errors.carry(read, ValueError)

        def batch(step):
            waveforms, targets = tf.numpy_function(carried, [step], (tf.float32, tf.float32), stateful=False)
            waveforms = tf.ensure_shape(waveforms, [self._batch, self._samples])
            return step, waveforms, tf.ensure_shape(targets, [self._batch, self._rows.shape[1]])

        steps = tf.data.Dataset.range(int(self._done), self._steps)
        with self._errors.unwrapped():
            yield from untuned(steps.map(batch, num_parallel_calls=2).prefetch(2))

    def _numbers(self, step):
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self._settings.seeds[0], 8, epoch)).permutation(self._train)
        return order[place * self._batch : (place + 1) * self._batch]


def scores_of_sound(embedder: Embedder, head, clips: LabelledClips, split: str) -> np.ndarray:
    """Scores of the clips of a split, float32 [clips, classes], from the windows that heads are trained on.

    Raises:
        ValueError: a clip cannot be decoded.
    """
    numbers = clips.numbers[split]
    place = {int(number): row for row, number in enumerate(numbers)}
    scores = np.zeros((len(numbers), len(clips.task.classes)), np.float32)
    for chosen, waveforms in Windows(clips.task, WINDOW, embedder.sample_rate).batches(numbers):
        rows = [place[int(number)] for number in chosen]
        scores[rows] = head(embedder.embed(waveforms)["scene"])
    return scores


def _read(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
