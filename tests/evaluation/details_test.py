"""The files of a result's details."""

import csv

import numpy as np

from byola_keras.evaluation import details, predictions
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.task_probe import TaskScores
from tests.evaluation.result_records import RECORD


def folds_task(**arguments):
    """Three clips in two folds: the second one is tested first."""
    clips = (
        Clip("a.wav", ("crow",), fold=2, end=2.5 / 2),
        Clip("b.wav", ("owl",), fold=1, end=2.5 / 1),
        Clip("c.wav", ("owl",), fold=2, end=2.5 / 2),
    )
    return Task("birds", "Birds", clips, 1.0, **arguments)


# Of two seeds; the second one takes c.wav for a crow.
SCORES = np.eye(2, dtype="float32")[[[1, 0, 1], [1, 0, 0]]]
OUTCOME = TaskScores("accuracy", np.array([1, 2 / 3]), [0.1], SCORES, np.array([1, 0, 1]))


def test_names():
    assert details.path("out", RECORD, ".png") == "out/details/esc50-runs_one-window-authors.png"
    far = {**RECORD, "model": "x" * 300}
    path, other = details.path("out", far, ""), details.path("out", {**far, "model": "x" * 301}, "")
    assert path != other and len(path.split("/")[-1]) == 200


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_written(tmp_path):
    details.write(str(tmp_path), RECORD, folds_task(), OUTCOME)
    stem = "esc50-runs_one-window-authors"
    assert files(tmp_path / "details") == [f"{stem}.csv", f"{stem}.png", f"predictions/{stem}.csv"]
    rows = predictions.read(details.predictions_path(str(tmp_path), RECORD))
    assert [(row.file.split("/")[-1], *row[1:]) for row in rows] == [
        ("b.wav", 0.0, 2.5, "owl", ("owl", "owl")),
        ("a.wav", 0.0, 1.25, "crow", ("crow", "crow")),
        ("c.wav", 0.0, 1.25, "owl", ("owl", "crow")),
    ]


def test_several_labels_have_no_predictions(tmp_path):
    targets = np.array([[0, 1], [1, 0], [0, 1]])
    outcome = TaskScores("mean_average_precision", np.ones(2), [0.1], SCORES, targets)
    details.write(str(tmp_path), RECORD, folds_task(multi_label=True), outcome)
    assert files(tmp_path / "details") == ["esc50-runs_one-window-authors.csv"]
    assert predictions.read(details.predictions_path(str(tmp_path), RECORD)) == []


def test_file_names_that_are_no_utf8(tmp_path):
    task = folds_task()
    odd = task.clips[1]._replace(path="\udcff.wav")
    task = Task("birds", "Birds", (task.clips[0], odd, task.clips[2]), 1.0)
    predictions.write(str(tmp_path / "p.csv"), task, OUTCOME)
    with open(tmp_path / "p.csv", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["file"].endswith("/\\xff.wav")
