"""Writes the files beside a classifier."""

import csv
import importlib.resources
import io
import os

import numpy as np

from byola_keras.atomic import write_text
from byola_keras.classify.labelled import LabelledClips
from byola_keras.classify.report.mistakes import worst_mistakes
from byola_keras.classify.scores import Told, class_rows
from byola_keras.evaluation.predictions import Prediction
from byola_keras.evaluation.report.confusions import as_data, confusion
from byola_keras.evaluation.report.page import file_text, filled, limits
from byola_keras.evaluation.report.sounds import Sounds
from byola_keras.models.classifier import Classifier

PAGE, CLASSES, PREDICTIONS = "report.html", "classes.csv", "predictions.csv"


def write_report(
    output_dir: str, classifier: Classifier, clips: LabelledClips, told: Told, measured: dict
) -> None:
    """Writes `classes.csv`, `predictions.csv` and `report.html`.

    Args:
        output_dir: their folder.
        classifier: the classifier.
        clips: the clips, of whose test the report is.
        told: what the classifier says of the test clips.
        measured: its figures, see `train.finished`.
    """
    rows = class_rows(told, classifier.labels, classifier.thresholds)
    tested = [clips.task.clips[number] for number in clips.numbers["test"]]
    predictions = [
        _prediction(classifier, clip, probabilities)
        for clip, probabilities in zip(tested, told.probabilities, strict=True)
    ]
    write_text(os.path.join(output_dir, CLASSES), _as_csv(rows))
    write_text(os.path.join(output_dir, PREDICTIONS), _as_csv(predictions))
    data = _page_data(classifier, clips, told, rows, measured)
    own = importlib.resources.files(__package__)
    page, script = (own.joinpath(name).read_text(encoding="utf-8") for name in ("page.html", "page.js"))
    scripts = [file_text("elements.js"), file_text("confusions.js"), script]
    write_text(os.path.join(output_dir, PAGE), filled(page, [file_text("page.css")], scripts, data))


def _prediction(classifier, clip, probabilities):
    if classifier.multi_label:
        heard = np.flatnonzero(probabilities >= np.asarray(classifier.thresholds, np.float32))
    else:
        heard = [int(probabilities.argmax())]
    return {
        "file": _readable(clip.path),
        "start": clip.start,
        "end": clip.end,
        "true": ",".join(clip.labels),
        "predicted": ",".join(classifier.labels[number] for number in heard),
        **{label: f"{p:.6f}" for label, p in zip(classifier.labels, probabilities, strict=True)},
    }


def _readable(path):
    # A file may be called by bytes that are no UTF-8.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _as_csv(rows):
    text = io.StringIO()
    # By position: a class may be called as one of the columns.
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return text.getvalue()


def _page_data(classifier, clips, told, rows, measured):
    task, sounds = clips.task, Sounds()
    tested = [task.clips[number] for number in clips.numbers["test"]]
    mistakes = [
        {
            "file": "/".join(_readable(tested[one.row].path).split("/")[-2:]),
            "truth": None if one.truth is None else classifier.labels[one.truth],
            "predicted": None if one.predicted is None else classifier.labels[one.predicted],
            "probability": round(one.probability, 4),
            # Before those of the confusions: should the room end, the worst have had their turn.
            "sound": _sound(sounds, tested[one.row]),
        }
        for one in worst_mistakes(told, classifier.thresholds)
    ]
    confusions = []
    if not classifier.multi_label:
        said = [classifier.labels[number] for number in told.probabilities.argmax(axis=1)]
        found = [
            Prediction(_readable(clip.path), clip.start, clip.end, clip.labels[0], (label,))
            for clip, label in zip(tested, said, strict=True)
        ]
        confusions = as_data([confusion(task.title, "classifier", found)], sounds)
    return {
        "title": task.title,
        "labels": list(classifier.labels),
        "multi_label": classifier.multi_label,
        "measured": measured,
        "classes": rows,
        "mistakes": mistakes,
        "confusions": confusions,
        "sounds": sounds.addresses,
        "predictions": PREDICTIONS,
        "limits": limits(),
    }


def _sound(sounds, clip):
    return sounds.number(clip.path, clip.start, clip.end)
