"""The loop of steps: the same digits as Keras's own, a row for each step, no step lost and none too many."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.training import callbacks
from byola_keras.training.callbacks import Guard, StepCallback, StepMetrics, TrainingFailedError
from byola_keras.training.loop import train
from tests.factories import noise, tiny_byol

_STEPS = 7
_CLIPS = noise(_STEPS * 4, 4000).reshape(_STEPS, 4, 4000)


def compiled(optimizer=None, **arguments):
    keras.utils.set_random_seed(7)
    model = tiny_byol(**arguments)
    model.compile(optimizer or byola_keras.Adam(1e-3))
    model.optimizer.build(model.trainable_variables)
    return model


class Due(StepCallback):
    """Keeps the rows that it gets, and where it was called; is due every three steps."""

    def __init__(self):
        super().__init__()
        self.rows, self.called = [], []

    def steps_until_due(self, step):
        return 3 - step % 3

    def on_row(self, row):
        self.rows.append(row)

    def on_train_batch_end(self, batch, logs=None):
        self.called.append(batch + 1)


def rows_of(steps_per_execution=1):
    """The rows of a training, and after which steps the callback was called."""
    due, metrics = Due(), StepMetrics(0)
    data = tf.data.Dataset.from_tensor_slices(_CLIPS).repeat()
    train(compiled(), data, metrics, [metrics, due], _STEPS, steps_per_execution)
    return due.rows, due.called


def values(rows):
    return [[row[name] for name in ("loss", "cosine", "projection_std")] for row in rows]


@pytest.fixture(scope="module")
def one_by_one():
    return rows_of()


def test_equals_the_fit_of_keras(one_by_one):
    seen = []
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
    compiled().fit(tf.data.Dataset.from_tensor_slices(_CLIPS), callbacks=[keep], verbose=0, shuffle=False)
    np.testing.assert_array_equal(values(one_by_one[0]), values(seen))


def test_every_step_has_a_row(one_by_one):
    rows, called = one_by_one
    assert [row["step"] for row in rows] == called == list(range(1, _STEPS + 1))
    assert all(row["learning_rate"] == np.float32(1e-3) and row["target_decay"] == 0.99 for row in rows)
    # Bare waveforms say nothing of times.
    assert all(row["step_seconds"] > 0 and math.isnan(row["data_seconds"]) for row in rows)


def test_executions_end_where_something_is_due_and_change_no_digit(one_by_one):
    rows, called = rows_of(steps_per_execution=5)
    assert called == [3, 6, 7] and [row["step"] for row in rows] == list(range(1, _STEPS + 1))
    assert values(rows) == values(one_by_one[0])


def test_metrics_stay_on_the_device_and_a_bad_one_is_found_at_its_step(monkeypatch):
    monkeypatch.setattr(callbacks, "_FETCH_SECONDS", math.inf)
    clips = _CLIPS.copy()
    clips[3] = math.nan
    due, metrics = Due(), StepMetrics(0)
    data = tf.data.Dataset.from_tensor_slices(clips)
    with pytest.raises(TrainingFailedError, match="Received: loss=nan at step 4"):
        train(compiled(), data, metrics, [metrics, Guard(), due], _STEPS, steps_per_execution=2)
    # Nobody asked before the end of the training.
    assert due.called[-1] == metrics.step == _STEPS
    assert [row["step"] for row in due.rows] == [1, 2, 3]


def test_fetches_after_some_steps(monkeypatch):
    monkeypatch.setattr(callbacks, "_FETCH_SECONDS", math.inf)
    monkeypatch.setattr(callbacks, "_FETCH_STEPS", 4)
    due, metrics = Due(), StepMetrics(0)
    metrics.receivers = [due]
    seen = []
    for number in range(9):
        metrics.add(tf.fill([1, len(callbacks.MEASURED)], float(number)), 1)
        metrics.on_train_batch_end(number)
        seen.append(len(due.rows))
    assert seen == [0, 0, 0, 4, 4, 4, 4, 8, 8]
    assert [row["loss"] for row in due.rows] == list(range(8)) and metrics.values is due.rows[-1]


def test_rows_of_the_steps_before_an_error_are_kept():
    due, metrics = Due(), StepMetrics(0)
    data = tf.data.Dataset.from_tensor_slices(_CLIPS[:2])
    with pytest.raises(tf.errors.OutOfRangeError):
        train(compiled(), data, metrics, [metrics, due], _STEPS)
    assert [row["step"] for row in due.rows] == [1, 2]


def test_whole_step_compiles_under_xla_as_one():
    """`jit_compile=True` allows no operation outside: the one that has no kernel in XLA would be an error.

    With all that the paper's recipe is without.
    """
    rate = byola_keras.WarmupCosine(1e-3, 1e-4, 1, end=0.0, total_steps=4)
    models = [
        compiled(
            byola_keras.Adam(rate, weight_decay=0.1),
            encoder={"conv_blocks": 1},
            target_decay=byola_keras.WarmupCosine(0.9, end=1.0, total_steps=4),
            projection_hidden_layers=(2, 1),
        )
        for _ in range(2)
    ]
    step = tf.function(lambda clips: models[0].train_step(clips)["loss"], jit_compile=True)
    clips = tf.constant(_CLIPS[:4])
    pairs = [{"waveforms": clips[n], "second_waveforms": clips[n + 1]} for n in (0, 2)]
    losses = [float(step(pair)) for pair in pairs]
    expected = [float(models[1].train_step(pair)["loss"]) for pair in pairs]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
