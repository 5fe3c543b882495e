"""The small parts of a run: intervals, files, devices, guards."""

import csv
import math

import pytest

from byola_keras.training.callbacks import (
    Guard,
    Recorder,
    Schedule,
    StepMetrics,
    TrainingFailedError,
    duration,
)
from byola_keras.training.devices import make_strategy
from byola_keras.training.intervals import Interval
from byola_keras.training.metrics_file import COLUMNS, MetricsFile


def test_interval():
    every = Interval("3")
    assert [every.take_if_due(step) for step in range(1, 7)] == [False, False, True, False, False, True]
    assert [every.steps_until_due(step) for step in range(5)] == [3, 2, 1, 3, 2]
    minutes = Interval("2m")
    assert minutes.steps_until_due(1) == math.inf
    assert not minutes.take_if_due(1)
    minutes._last -= 121
    assert minutes.take_if_due(2) and not minutes.take_if_due(3)
    for text in ("0", "5s", "m", "-1", ""):
        with pytest.raises(ValueError, match=f"steps such as '500'.*Received: '{text}'"):
            Interval(text)


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


def test_duration():
    assert duration(3723.4) == "1:02:03"


def test_devices():
    with pytest.raises(ValueError, match="from 1 to the 2 CPU device.*Received: num_devices=3"):
        make_strategy(3)
    assert make_strategy(2) is make_strategy(2)
    assert make_strategy(1).num_replicas_in_sync == 1


def test_deterministic_step_says_nothing_of_waiting(tmp_path, caplog):
    metrics = StepMetrics(7)
    metrics.values = {**row(7), "data_seconds": math.nan}
    recorder = Recorder(metrics, MetricsFile(str(tmp_path), 7), Schedule(8, 1, 9))
    with caplog.at_level("INFO", logger="absl"):
        recorder._report(7, 0.5)
    assert caplog.messages == ["Step 7 of 9: loss 0.5000, projection_std 0.500, 16.0 clips/s, 0:00:01 left."]


def guarded(**values):
    """What makes a guard see another step."""
    guard = Guard()
    return lambda **changed: guard.on_row(
        {"step": 42, "loss": 1.0, "projection_std": 0.9, **values, **changed}
    )


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_guard_stops_at_a_loss_that_is_no_number(loss):
    with pytest.raises(TrainingFailedError, match=f"loss={loss} at step 42.*lower learning rate"):
        guarded()(loss=loss)


def test_guard_stops_at_a_lasting_collapse_only():
    step = guarded(projection_std=0.009)
    for _ in range(19):
        step()
    step(projection_std=0.5)
    for _ in range(19):
        step()
    with pytest.raises(TrainingFailedError, match="projection_std=0.009.*collapsed"):
        step()


def test_guard_lets_a_small_spread_pass():
    step = guarded(projection_std=0.011)
    for _ in range(40):
        step()
