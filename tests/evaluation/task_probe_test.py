"""Folds, epochs and class tables of a task; the probe itself is scripted."""

import numpy as np
import pytest

from byola_keras.evaluation import task_probe
from byola_keras.evaluation.probe import ProbeResult
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.task_probe import TaskScores, class_table, probe_task


def make_task(clips=2, learning_rate=None):
    """Clips of two classes in two folds of equal size."""
    labels = ("crow", "owl")
    listed = tuple(Clip(str(n), (labels[n // 2 % 2],), fold=1 + n % 2) for n in range(2 * clips))
    return Task("birds", "Birds", listed, 1.0, learning_rate)


@pytest.fixture
def calls(monkeypatch):
    """What `linear_probe` was called with; it answers with another rate and accuracy each time."""
    found = []

    def scripted(train, valid, test, classes, learning_rates, seeds, max_epochs, patience):
        found.append((train, valid, test, max_epochs, patience))
        chosen = len(found) - 1
        tested = np.array([[0.1, 0.6], [0.3, 0.8]])
        scores = np.full((2, len(test.targets), classes), float(chosen), np.float32)
        return ProbeResult(learning_rates, seeds, tested, tested, tested, chosen, scores)

    monkeypatch.setattr(task_probe, "linear_probe", scripted)
    return found


def test_each_fold_is_tested_once(calls):
    embeddings = np.arange(8, dtype="float32")[:, None]
    outcome = probe_task(make_task(4), embeddings, (1e-3, 1e-2), (0, 1))
    assert [call[0].embeddings.ravel().tolist() for call in calls] == [[1, 3, 5, 7], [0, 2, 4, 6]]
    assert [call[2].embeddings.ravel().tolist() for call in calls] == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert [call[1] for call in calls] == [None, None]
    # By hand: seed 0 has 0.1 with the first fold's rate and 0.6 with the second's.
    np.testing.assert_allclose(outcome.values, [0.35, 0.55])
    assert outcome.learning_rates == [1e-3, 1e-2] and outcome.metric == "accuracy"
    assert outcome.scores[0, :, 0].tolist() == [0] * 4 + [1] * 4
    assert outcome.targets.tolist() == [0, 1, 0, 1] * 2


@pytest.mark.parametrize(
    ("clips", "learning_rate", "max_epochs", "expected"),
    [
        # A task of the paper, and a large one of one's own: 200 and 20.
        (50, 1e-3, None, (200, 20)),
        (2_000, None, None, (200, 20)),
        # Ten batches an epoch make 2,000 steps in 200 epochs, five in 400, one in 500 at most.
        (1_000, None, None, (400, 100)),
        (800, None, None, (500, 125)),
        (50, None, None, (500, 125)),
        (50, None, 60, (60, 20)),
        (50, 1e-3, 60, (60, 20)),
    ],
)
def test_epochs_and_patience(calls, clips, learning_rate, max_epochs, expected):
    task = make_task(clips, learning_rate)
    probe_task(task, np.zeros((2 * clips, 1), "float32"), (1e-3, 1e-2), (0, 1), max_epochs)
    assert calls[0][3:] == expected


def test_class_tables_by_hand():
    task = make_task()
    # Two seeds on three clips: crow, owl, owl; the second seed takes an owl for a crow.
    scores = np.eye(2, dtype="float32")[[[0, 1, 1], [0, 1, 0]]]
    rows = class_table(task, TaskScores("accuracy", np.array([1, 2 / 3]), [0.1], scores, np.array([0, 1, 1])))
    assert rows == [
        {"class": "crow", "clips": 1, "accuracy": 1.0},
        {"class": "owl", "clips": 2, "accuracy": 0.75},
    ]
    labels = tuple(clip._replace(labels=("crow", "owl")) for clip in task.clips)
    several = Task("several", "Several", labels, 1.0, multi_label=True)
    targets = np.array([[1, 0], [0, 1], [1, 1]], "float32")
    # The first seed ranks the crows first; the second one ranks them last.
    scores = np.array([[[3, 0], [1, 2], [2, 1]], [[1, 0], [3, 2], [2, 1]]], "float32")
    crow, owl = class_table(several, TaskScores("mean_average_precision", np.ones(2), [0.1], scores, targets))
    assert (crow["clips"], owl["clips"]) == (2, 2)
    assert crow["average_precision"] == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)
    assert (crow["auc"], owl["auc"]) == (0.5, 1.0)
