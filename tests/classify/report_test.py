"""The report of a classifier as a browser shows it."""

import csv

import numpy as np
import pytest

from byola_keras.classify.labelled import read_labelled
from byola_keras.classify.report.mistakes import Mistake, worst_mistakes
from byola_keras.classify.report.write import write_report
from byola_keras.classify.scores import Told, class_rows, figures
from byola_keras.classify.settings import TrainSettings
from byola_keras.classify.train import finished
from byola_keras.models.classifier import linear_head
from tests.browser import new_page
from tests.evaluation.tones import write_task
from tests.factories import tiny_embedder

PROBE = {"metric": "accuracy", "mean": 0.5, "ci95": None, "seeds": [1], "learning_rate": 0.1}


def written(folder, column):
    """A report of scores that are right but for two clips, one of which is far off."""
    labels = write_task(folder, 30)
    clips = read_labelled(f"{labels}:{column}")
    classes, embedder = len(clips.task.classes), tiny_embedder()
    head = linear_head(np.zeros((embedder.embedding_size, classes), "float32"), np.zeros(classes, "float32"))
    scores = {}
    for split in ("valid", "test"):
        targets = clips.targets[clips.numbers[split]]
        truth = targets if targets.ndim == 2 else np.eye(classes)[targets]
        scores[split] = 6.0 * truth - 3.0
        scores[split][0] *= -0.5
        scores[split][2] *= -3.0
    classifier, measured = finished(embedder, head, clips, scores, TrainSettings(precision=0.99))
    told = Told(classifier.probabilities(scores["test"]).numpy(), clips.targets[clips.numbers["test"]])
    write_report(
        str(folder), classifier, clips, told, {**measured, "probe": PROBE, "model": "x", "tune": "head"}
    )
    return clips, told, measured


@pytest.mark.parametrize("column", ["pitch", "kinds"])
def test_page_is_drawn_and_plays_the_worst_mistake(tmp_path, column):
    clips, _, measured = written(tmp_path, column)
    with new_page(tmp_path / "profile") as page:
        page.open(tmp_path / "report.html")
        assert not page.errors() and all(url.startswith(("file:", "data:")) for url in page.requests())
        assert page.run("document.querySelectorAll('#classes tbody tr').length") == len(clips.task.classes)
        worst = clips.task.clips[clips.numbers["test"][2]]
        assert worst.path.split("/")[-1] in page.run("document.querySelector('#mistakes li').textContent")
        played = "document.querySelector('#mistakes audio').play().then(() => 'played')"
        assert page.run(played) == "played"
        assert page.run("document.querySelectorAll('#notes p').length") == len(measured["notes"])
        matrix = page.run("document.querySelectorAll('#matrix tbody tr').length")
        assert matrix == (3 if column == "pitch" else 0)
        assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_worst_mistakes_come_first(tmp_path):
    told = Told(np.array([[0.6, 0.4], [0.1, 0.9], [0.45, 0.55]], "float32"), np.array([1, 0, 0]))
    assert [(one.row, one.truth, one.predicted) for one in worst_mistakes(told, (0.5, 0.5))] == [
        *((1, 0, 1), (0, 1, 0), (2, 0, 1))
    ]
    assert len(worst_mistakes(told, (0.5, 0.5), count=1)) == 1
    labels = Told(told.probabilities, np.array([[1, 1], [0, 0], [0, 0]], "float32"))
    one, *rest = worst_mistakes(labels, (0.5, 0.5))
    assert one == Mistake(1, None, 1, pytest.approx(0.9)) and (rest[0].truth, rest[0].predicted) == (1, None)


def test_class_rows_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]], "float32")
    told = Told(probabilities, np.array([0, 1, 1, 1]))
    first, second = class_rows(told, ("a", "b"), (0.6, 0.75))
    assert (first["clips"], first["detections"], first["precision"], first["recall"]) == (1, 2, 0.5, 1.0)
    assert (second["clips"], second["detections"], second["precision"]) == (3, 1, 1.0)
    assert second["recall"] == pytest.approx(1 / 3) and second["f1"] == pytest.approx(0.5)
    assert figures(told)["accuracy"] == 0.75 and figures(told)["balanced_accuracy"] == pytest.approx(5 / 6)
    (nothing, _) = class_rows(told, ("a", "b"), (0.95, 0.5))
    assert nothing["precision"] is None and nothing["f1"] == 0.0


def test_table_of_a_class_called_as_a_column(tmp_path):
    written(tmp_path, "pitch")
    with open(tmp_path / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["true"] == row["predicted"] for row in rows].count(False) == 2
    assert list(rows[0]) == ["file", "start", "end", "true", "predicted", "high", "low", "middle"]
