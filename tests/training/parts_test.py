"""The small parts of a run: intervals, files, checkpoints, guards."""

import csv
import os

import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.atomic import replacing, write_text
from byola_keras.audio.crops import CropStream
from byola_keras.training import configuration
from byola_keras.training.callbacks import Guard, StepCounter, TrainingFailedError, duration
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.devices import make_strategy, use_xla
from byola_keras.training.intervals import Interval
from byola_keras.training.metrics_file import COLUMNS, MetricsFile


def test_interval():
    every = Interval("3")
    assert [every.due(step) for step in range(1, 7)] == [False, False, True, False, False, True]
    minutes = Interval("2m")
    assert not minutes.due(1)
    minutes._last -= 121
    assert minutes.due(2) and not minutes.due(3)
    for text in ("0", "5s", "m", "-1", ""):
        with pytest.raises(ValueError, match=f"steps such as '500'.*Received: '{text}'"):
            Interval(text)


def test_replacing_keeps_the_old_file_on_failure(tmp_path):
    path = str(tmp_path / "a.keras")
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        write_text(temporary, "half")
        raise RuntimeError
    assert (tmp_path / "a.keras").read_text() == "old" and os.listdir(tmp_path) == ["a.keras"]


def row(step):
    return {**dict.fromkeys(COLUMNS, 0.5), "step": step}


def test_metrics_file_cuts_what_will_be_made_again(tmp_path):
    file = MetricsFile(str(tmp_path), 0)
    for step in range(1, 8):
        file.write(row(step))
    file.close()
    # A kill in the middle of a row.
    with open(tmp_path / "metrics.csv", "a") as half:
        half.write("8,0.5")
    file = MetricsFile(str(tmp_path), 4)
    file.write(row(5))
    file.close()
    with open(tmp_path / "metrics.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(each["step"]) for each in rows] == [1, 2, 3, 4, 5]


def test_configuration(tmp_path):
    configuration.check(str(tmp_path), {"seed": 1})
    configuration.save(str(tmp_path), {"seed": 1, "mlp_units": (2, 3)})
    configuration.check(str(tmp_path), {"seed": 1, "mlp_units": [2, 3]})
    with pytest.raises(
        ValueError, match="Received: seed=2; .* was started with seed=1. Use these values and the same"
    ):
        configuration.check(str(tmp_path), {"seed": 2, "mlp_units": [2, 3]})


def test_configuration_knows_the_former_fingerprint_of_the_same_files(tmp_path):
    stream = CropStream(["/x/dogs/1.wav", "/x/dolphins/1.wav"], 100, 0)
    configuration.save(str(tmp_path), {"files": 2, "files_sha256": "7f3ea475d3bd77f4"})
    configuration.check(str(tmp_path), stream.recipe(), stream.former_recipe())
    other = CropStream(["/x/dogs/1.wav", "/x/dolphins/2.wav"], 100, 0)
    with pytest.raises(ValueError, match="Received: files_sha256='v2-.*started with files_sha256='7f3ea475"):
        configuration.check(str(tmp_path), other.recipe(), other.former_recipe())


def test_duration():
    assert duration(3723.4) == "1:02:03"


def test_devices():
    with pytest.raises(ValueError, match="from 1 to the 2 CPU device.*Received: num_devices=3"):
        make_strategy(3)
    assert make_strategy(2) is make_strategy(2)
    assert make_strategy(1).num_replicas_in_sync == 1
    assert use_xla("on", 1, True) and not use_xla("off", 1, True)
    # No GPU in the tests.
    assert not use_xla("auto", 1, True)


class Outcome(keras.callbacks.Callback):
    """A step that ended with given metrics."""

    def __init__(self, **metrics):
        super().__init__()
        self.counter = StepCounter(41)
        self.counter.step, self.counter.metrics = 42, {"loss": 1.0, "projection_std": 0.9, **metrics}


def test_guard_stops_at_a_loss_that_is_no_number():
    guard = Guard(Outcome(loss=float("nan")).counter)
    with pytest.raises(TrainingFailedError, match="loss=nan at step 42.*lower learning rate"):
        guard.on_train_batch_end(0)


def test_guard_stops_at_a_lasting_collapse_only():
    outcome = Outcome(projection_std=0.001)
    guard = Guard(outcome.counter)
    for _ in range(19):
        guard.on_train_batch_end(0)
    outcome.counter.metrics["projection_std"] = 0.5
    guard.on_train_batch_end(0)
    outcome.counter.metrics["projection_std"] = 0.001
    for _ in range(19):
        guard.on_train_batch_end(0)
    with pytest.raises(TrainingFailedError, match="projection_std=0.001.*collapsed"):
        guard.on_train_batch_end(0)


def checkpointed(tmp_path, keep=3):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(byola_keras.Adam(0.1))
    model.optimizer.build(model.trainable_variables)
    return model, Checkpoints(str(tmp_path), model, Interval("1"), keep)


def test_damaged_checkpoints_fall_back(tmp_path, caplog):
    model, checkpoints = checkpointed(tmp_path)
    assert checkpoints.restore() == 0
    for step in (1, 2, 3, 4):
        model.layers[0].bias.assign([float(step)])
        checkpoints.save(step)
    folder = tmp_path / "checkpoints"
    assert sorted(p.name for p in folder.glob("*.index")) == ["step-2.index", "step-3.index", "step-4.index"]
    # The newest loses half of its data, the next has a flipped bit.
    newest = folder / "step-4.data-00000-of-00001"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    second = bytearray((folder / "step-3.data-00000-of-00001").read_bytes())
    second[len(second) // 2] ^= 0x10
    (folder / "step-3.data-00000-of-00001").write_bytes(second)

    fresh, restored = checkpointed(tmp_path)
    with caplog.at_level("ERROR", logger="absl"):
        assert restored.restore() == 2
    assert float(fresh.layers[0].bias[0]) == 2.0
    messages = [record.getMessage() for record in caplog.records]
    assert "step-4 is damaged" in messages[0] and "step-3 is damaged" in messages[1]


def test_lost_list_of_checkpoints(tmp_path):
    model, checkpoints = checkpointed(tmp_path)
    for step in (9, 10):
        model.layers[0].bias.assign([float(step)])
        checkpoints.save(step)
    (tmp_path / "checkpoints" / "checkpoint").unlink()
    fresh, restored = checkpointed(tmp_path)
    assert restored.restore() == 10
    assert float(fresh.layers[0].bias[0]) == 10.0


def test_what_a_kill_left_of_a_save_is_cleared_away(tmp_path):
    _, checkpoints = checkpointed(tmp_path)
    checkpoints.save(1)
    (tmp_path / "checkpoints" / "step-2_temp").mkdir()
    (tmp_path / "checkpoints" / "step-2_temp" / "part").write_bytes(b"half")
    assert checkpointed(tmp_path)[1].restore() == 1
    assert not (tmp_path / "checkpoints" / "step-2_temp").exists()


def test_only_damaged_checkpoints(tmp_path):
    _, checkpoints = checkpointed(tmp_path)
    checkpoints.save(1)
    (tmp_path / "checkpoints" / "step-1.index").write_bytes(b"nothing")
    _, restored = checkpointed(tmp_path)
    with pytest.raises(ValueError, match="all damaged.*move .* away to start anew"):
        restored.restore()


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    model, checkpoints = checkpointed(tmp_path)
    checkpoints.save(1)
    model.layers[0].bias.assign([np.nan])
    with pytest.raises(ValueError, match="bias.* at step 2; the checkpoints before are kept"):
        checkpoints.save(2)
    assert checkpointed(tmp_path)[1].restore() == 1
