"""Checkpoints that are whole or passed over."""

import os
import shutil
import time

import tensorflow as tf
from absl import logging

from byola_keras.training.intervals import Interval

FOLDER = "checkpoints"


class Checkpoints:
    """Saves and restores everything that a run needs to go on exactly.

    A checkpoint holds all weights of the model (target network, mixup memory, the call counters that
    the random draws are made from) and of the optimizer (slots, step). The data are a function of
    the step. Both must be built before.

    Args:
        workdir: folder of the run.
        model: a built and compiled model whose optimizer is built.
        interval: when the next one is due.
        keep: how many checkpoints are kept.
    """

    def __init__(self, workdir: str, model, interval: Interval, keep: int = 3):
        self.model = model
        self.interval = interval
        self.folder = os.path.join(workdir, FOLDER)
        # Not the optimizer's own count: with a scaled loss it leaves out steps that overflow.
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        # By position: `tf.train.Checkpoint(model=model)` silently leaves out the layers that a Keras
        # model holds in lists.
        self._checkpoint = tf.train.Checkpoint(
            step=self._step,
            model=[variable.value for variable in model.variables],
            optimizer=[variable.value for variable in model.optimizer.variables],
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, self.folder, max_to_keep=keep, checkpoint_name="step"
        )

    def save(self, step: int) -> None:
        """Writes a checkpoint of the state after `step`; TensorFlow writes aside and renames.

        Raises:
            ValueError: a weight is not finite. The checkpoints before are kept.
        """
        spoilt = [w.path for w in self.model.trainable_variables if not _is_finite(w)]
        if spoilt:
            raise ValueError(
                f"Weights must be finite to be saved. Received: values that are not in {spoilt[:3]} at step "
                f"{step}; the checkpoints before are kept. Try a lower learning rate or float32."
            )
        start = time.time()
        self._step.assign(step)
        path = self._manager.save(checkpoint_number=step)
        logging.info("Saved %s in %.1f s.", path, time.time() - start)

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read.

        Returns:
            The step to go on from; 0 where there is no checkpoint.

        Raises:
            ValueError: there are checkpoints, but none can be read.
        """
        for name in _names(self.folder):
            # What a kill left of a save.
            if name.endswith("_temp"):
                shutil.rmtree(os.path.join(self.folder, name))
        candidates = list(reversed(self._manager.checkpoints)) or self._unlisted()
        for path in candidates:
            try:
                self._checkpoint.restore(path).assert_existing_objects_matched()
            except Exception as error:  # Damage shows as errors of many kinds.
                logging.error(
                    "The checkpoint %s is damaged (%s); trying the one before.",
                    path,
                    str(error).partition("\n")[0] or type(error).__name__,
                )
                continue
            logging.info("Resumed from %s.", path)
            return int(self._step.numpy())
        if candidates:
            raise ValueError(
                f"At least one checkpoint must be readable. Received: {candidates}, all damaged or of "
                f"another model; move {self.folder!r} away to start anew."
            )
        return 0

    def _unlisted(self):
        """Checkpoints on disk, newest first, for a folder whose list of them is lost."""
        names = [name[: -len(".index")] for name in _names(self.folder) if name.endswith(".index")]
        names = [name for name in names if name.rpartition("-")[2].isdigit()]
        names.sort(key=lambda name: int(name.rpartition("-")[2]), reverse=True)
        return [os.path.join(self.folder, name) for name in names]


def _is_finite(weight):
    return bool(tf.reduce_all(tf.math.is_finite(weight.value)))


def _names(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []
