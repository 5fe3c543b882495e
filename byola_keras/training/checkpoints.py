"""Checkpoints that are whole or passed over."""

import os
import shutil
import time

import tensorflow as tf
from absl import logging

from byola_keras.training.weight_names import named_optimizer_variables, named_weights

FOLDER = "checkpoints"
# What TensorFlow adds to the name of a variable in the file, and its own two entries.
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_ENTRIES_OF_TENSORFLOW = ("_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter" + _VALUE)


class Checkpoints:
    """Saves and restores everything that a run needs to go on exactly.

    A checkpoint holds all weights of the model (target network, mixup memory, the call counters that
    the random draws are made from) and of the optimizer (slots, step), by name. The data are a function of
    the step. Both must be built before.

    Args:
        workdir: folder of the run.
        model: a built and compiled model whose optimizer is built.
        keep: how many checkpoints are kept.
    """

    def __init__(self, workdir: str, model, keep: int):
        self.folder = os.path.join(workdir, FOLDER)
        # Not the optimizer's own count: with a scaled loss it leaves out steps that overflow.
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._model = model
        # By names of ours: `tf.train.Checkpoint(model=model)` silently leaves out the layers that a Keras
        # model holds in lists.
        self._checkpoint = tf.train.Checkpoint(
            step=self._step,
            model={name: weight.value for name, weight in named_weights(model).items()},
            optimizer={name: weight.value for name, weight in named_optimizer_variables(model).items()},
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, self.folder, max_to_keep=keep, checkpoint_name="step"
        )

    def save(self, step: int) -> None:
        """Writes a checkpoint of the state after `step`; TensorFlow writes aside and renames."""
        start = time.time()
        self._step.assign(step)
        path = self._manager.save(checkpoint_number=step)
        logging.info("Saved %s in %.1f s.", path, time.time() - start)

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read.

        Returns:
            The step to go on from; 0 where there is no checkpoint.

        Raises:
            ValueError: there are checkpoints, but none can be read, or the newest is of another model.
        """
        for name in _names(self.folder):
            # What a kill left of a save.
            if name.endswith("_temp"):
                shutil.rmtree(os.path.join(self.folder, name))
        candidates = list(reversed(self._manager.checkpoints)) or self._unlisted()
        for path in candidates:
            try:
                checkpoint = self._fitting(path)
                checkpoint.restore(path).assert_existing_objects_matched()
            except OtherModelError:
                raise
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
                f"At least one checkpoint must be readable. Received: {candidates}, all damaged; move "
                f"{self.folder!r} away to start anew."
            )
        return 0

    def _fitting(self, path):
        """The `tf.train.Checkpoint` in the form of the file: with names, or with positions as of old."""
        found = _entries(tf.train.load_checkpoint(path))
        if f"model/0{_VALUE}" not in found:
            expected = {f"step{_VALUE}"}
            for part in ("model", "optimizer"):
                expected |= {f"{part}/{_escaped(name)}{_VALUE}" for name in getattr(self._checkpoint, part)}
            _check_entries(path, expected, found)
            return self._checkpoint
        by_position = {
            "model": [weight.value for weight in self._model.weights],
            "optimizer": [variable.value for variable in self._model.optimizer.variables],
        }
        expected = {f"step{_VALUE}"}
        for part, variables in by_position.items():
            expected |= {f"{part}/{position}{_VALUE}" for position in range(len(variables))}
        _check_entries(path, expected, found)
        return tf.train.Checkpoint(step=self._step, **by_position)

    def _unlisted(self):
        """Checkpoints on disk, newest first, for a folder whose list of them is lost."""
        names = [name[: -len(".index")] for name in _names(self.folder) if name.endswith(".index")]
        names = [name for name in names if name.rpartition("-")[2].isdigit()]
        names.sort(key=lambda name: int(name.rpartition("-")[2]), reverse=True)
        return [os.path.join(self.folder, name) for name in names]


def has_checkpoint(workdir: str) -> bool:
    """Whether a run has saved a checkpoint; what a kill left of its first save is none."""
    return any(name.endswith(".index") for name in _names(os.path.join(workdir, FOLDER)))


class OtherModelError(ValueError):
    """A checkpoint is whole but has other weights than the model."""


def _entries(reader):
    return set(reader.get_variable_to_shape_map()) - set(_ENTRIES_OF_TENSORFLOW)


def _check_entries(path, expected, found):
    missing, unknown = sorted(expected - found), sorted(found - expected)
    if missing or unknown:
        raise OtherModelError(
            "A checkpoint must hold the weights of the model, no more and no fewer. Received: "
            f"{path}, which lacks {_few(missing)} and has besides {_few(unknown)}; it was written of "
            "another model or by another version of this package."
        )


def _few(entries):
    names = [entry.removesuffix(_VALUE) for entry in entries]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more if names else "nothing"


def _escaped(name):
    """The name as TensorFlow writes it in a file."""
    return name.replace(".", "..").replace("/", ".S")


def _names(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []
