"""Saving: nothing is written from weights that are spoilt."""

import math
import os
import resource
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.training import saver
from byola_keras.training.callbacks import Guard, StepCallback, TrainingFailedError
from byola_keras.training.saver import check_weights
from tests.factories import noise, tiny_byol
from tests.sounds import write_sounds
from tests.workdirs import losses, train


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds"), count=8)


def assert_good(workdir):
    """The embedder, and the newest checkpoint, are of sound weights."""
    scene = byola_keras.load(str(workdir))(noise(2, 16000))["scene"]
    assert np.isfinite(scene).all()
    newest = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    values = [newest.get_tensor(name) for name in newest.get_variable_to_shape_map() if name[0] in "mo"]
    assert len(values) > 100
    assert all(np.isfinite(value).all() for value in values if value.dtype == np.float32)


@pytest.mark.parametrize("learning_rate", [1e38, 1e30])
def test_exploding_run_leaves_what_was_good(sounds, tmp_path, monkeypatch, learning_rate):
    monkeypatch.setattr(saver, "_EMBEDDER_SECONDS", 0)
    # 8 clips are one step an epoch: the embedder and a checkpoint are due after each step.
    everything = {"checkpoint_every": "1", "steps": 2}
    train(tmp_path / "run", sounds, **everything)
    # The same run with another rate, which is not what it was started with.
    text = (tmp_path / "run" / "configuration.json").read_text()
    (tmp_path / "run" / "configuration.json").write_text(
        text.replace('"learning_rate": 0.0001', f'"learning_rate": {learning_rate}')
    )
    written = (tmp_path / "run" / "embedder.keras").read_bytes()
    shutil.copy(tmp_path / "run" / "embedder.keras", tmp_path / "before.keras")
    # Restored with the checkpoint, the optimizer has the rate that was saved.
    monkeypatch.setattr(
        saver.Saver,
        "on_train_begin",
        lambda self, logs=None: self.model.optimizer.learning_rate.assign(learning_rate),
    )
    with pytest.raises(TrainingFailedError, match="must be finite"):
        train(tmp_path / "run", sounds, **{**everything, "steps": 60}, learning_rate=learning_rate)
    assert_good(tmp_path / "run")
    if learning_rate == 1e38:
        # Its first step spoils everything, and no loss before the next step tells.
        assert (tmp_path / "run" / "embedder.keras").read_bytes() == written
        assert [p.name for p in (tmp_path / "run" / "checkpoints").glob("*.index")][-1:] == ["step-2.index"]


def test_spoilt_first_step_leaves_nothing(sounds, tmp_path):
    with pytest.raises(TrainingFailedError, match="must be finite to be saved.*after step 1"):
        train(tmp_path, sounds, learning_rate=1e38, steps=1)
    assert not (tmp_path / "embedder.keras").exists()
    assert not list(tmp_path.glob("checkpoints/*.index"))


class SpoilAt(StepCallback):
    """Makes a number of the model NaN after a step."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            layer = self.model.projector.normalization
            layer.moving_mean.assign(layer.moving_mean * math.nan)


def test_running_statistics_that_are_no_numbers_are_not_saved(sounds, tmp_path, monkeypatch):
    """Training uses the statistics of the batch: its loss stays finite."""
    monkeypatch.setattr("byola_keras.training.run.Guard", SpoilAt)
    with pytest.raises(TrainingFailedError, match="moving_mean.*after step 3"):
        train(tmp_path, sounds, checkpoint_every="1", steps=6)
    monkeypatch.undo()
    assert [p.name for p in sorted((tmp_path / "checkpoints").glob("*.index"))] == [
        "step-1.index",
        "step-2.index",
    ]
    # The same command goes on from what was good.
    train(tmp_path, sounds, steps=6)
    assert_good(tmp_path)
    assert len(losses(tmp_path)) == 6


def built():
    model = tiny_byol()
    model.compile(byola_keras.Adam())
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.parametrize(
    "network", ["encoder", "target_encoder", "projector", "predictor", "target_projector"]
)
def test_weights_that_are_too_large_are_noticed_in_every_network(network):
    model = built()
    check_weights(model, noise(2, 4000), 1)
    for weight in getattr(model, network).trainable_weights:
        weight.assign(tf.fill(weight.shape, 1e38))
    with pytest.raises(TrainingFailedError, match="finite weights, but .*after step 7. The last checkpoint"):
        check_weights(model, noise(2, 4000), 7)


def test_infinite_slot_is_noticed():
    model = built()
    slot = model.optimizer.variables[-1]
    slot.assign(tf.fill(slot.shape, math.inf))
    with pytest.raises(TrainingFailedError, match="other values in adam/.*velocity"):
        check_weights(model, noise(2, 4000), 1)


def test_check_changes_nothing():
    model = built()
    model.fit(tf.data.Dataset.from_tensors(noise(4, 4000)), verbose=0)
    before = [np.array(weight) for weight in model.weights]
    check_weights(model, noise(2, 4000), 1)
    for ours, theirs in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


def test_embedder_of_the_end_is_written_before_its_checkpoint(sounds, tmp_path, monkeypatch):
    """A kill between the two must not end a run for good whose embedder is of an earlier step."""
    order = []
    save, save_embedder = saver.Checkpoints.save, saver.save_embedder
    monkeypatch.setattr(saver.Checkpoints, "save", lambda *given: (order.append("checkpoint"), save(*given)))
    monkeypatch.setattr(
        saver, "save_embedder", lambda *given: (order.append("embedder"), save_embedder(*given))
    )
    monkeypatch.setattr(saver, "_EMBEDDER_SECONDS", math.inf)
    train(tmp_path, sounds, steps=2, global_batch_size=4)
    assert order[-2:] == ["embedder", "checkpoint"]


def handlers():
    return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


class SignalItself(StepCallback):
    """Sends this process a signal in the second step."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_the_step_under_way_and_gives_the_handlers_back(sounds, tmp_path, monkeypatch, number):
    before = handlers()
    monkeypatch.setattr(SignalItself, "number", number, raising=False)
    monkeypatch.setattr("byola_keras.training.run.Guard", SignalItself)
    train(tmp_path, sounds, steps=60)
    monkeypatch.undo()
    assert handlers() == before
    assert len(losses(tmp_path)) == 2 and (tmp_path / "checkpoints" / "step-2.index").exists()
    assert byola_keras.load(str(tmp_path)).card["steps"] == 2


def test_failed_run_gives_the_signal_handlers_back(sounds, tmp_path, monkeypatch):
    before = handlers()
    during = []

    def fail(self, row):
        during.extend(handlers())
        raise TrainingFailedError("on purpose")

    monkeypatch.setattr(Guard, "on_row", fail)
    with pytest.raises(TrainingFailedError, match="on purpose"):
        train(tmp_path, sounds)
    assert handlers() == before and not set(during) & set(before)


class FillDisk(StepCallback):
    """Lets no file grow beyond some bytes after a step: for what writes it is as if the disk were full."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.RLIM_INFINITY))


@pytest.mark.parametrize(
    # Bytes that are too few for a row, and enough for rows but not for a checkpoint.
    "size",
    [10, 20_000],
)
def test_full_disk_is_one_clear_error_and_the_same_command_goes_on(sounds, tmp_path, monkeypatch, size):
    monkeypatch.setattr("byola_keras.training.run.Guard", FillDisk)
    monkeypatch.setattr(FillDisk, "size", size, raising=False)
    everything = {"checkpoint_every": "3", "summary_every": 1000}
    try:
        with pytest.raises(OSError, match="must have room.*File too large.*the same command goes on"):
            train(tmp_path / "run", sounds, steps=8, **everything)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.undo()
    assert_good(tmp_path / "run")
    (tmp_path / "run" / ".partial-0-embedder.keras").write_text("what a kill leaves")
    train(tmp_path / "run", sounds, steps=8, **everything)
    assert not list((tmp_path / "run").glob("**/.partial*"))
    train(tmp_path / "whole", sounds, steps=8, **everything)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")
