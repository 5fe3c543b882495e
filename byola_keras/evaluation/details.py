"""What `details/` keeps of each result: the table of its classes, the confusion matrix, the predictions."""

import csv
import hashlib
import io
import os
import re
from typing import Any

from byola_keras.atomic import write_text
from byola_keras.evaluation import plots, predictions
from byola_keras.evaluation.names import short_names
from byola_keras.evaluation.records import Setting
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_probe import TaskScores, class_table, confusion

FOLDER = "details"
_PREDICTIONS = "predictions"
# Names of files may have 255 bytes in all; the extension comes after this.
_LONGEST = 200


def path(output_dir: str, record: dict[str, Any], extension: str) -> str:
    """The path of a file of a result's details, "details/birds-random-window-search.png".

    Args:
        output_dir: folder of the results.
        record: of the result. Its task, model and setting make the name.
        extension: of the file, such as ".csv".
    """
    return os.path.join(output_dir, FOLDER, _stem(record) + extension)


def predictions_path(output_dir: str, record: dict[str, Any]) -> str:
    """The path of the predictions of a result, see `predictions.read`."""
    return os.path.join(output_dir, FOLDER, _PREDICTIONS, _stem(record) + ".csv")


def write(output_dir: str, record: dict[str, Any], task: Task, outcome: TaskScores) -> None:
    """Writes the table of the classes (CSV) and, unless clips have several labels, predictions and confusion.

    Args:
        output_dir: folder of the results.
        record: of the result.
        task: the task.
        outcome: what its probes said.
    """
    os.makedirs(os.path.join(output_dir, FOLDER), exist_ok=True)
    rows = class_table(task, outcome)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path(output_dir, record, ".csv"), text.getvalue())
    if not task.multi_label:
        predictions.write(predictions_path(output_dir, record), task, outcome)
        name = short_names([record["model"]])[record["model"]]
        chart = plots.confusion_chart(f"{task.title}: {name}", confusion(outcome), task.classes)
        plots.save(chart, path(output_dir, record, ".png"))


def _stem(record):
    words = [record["task"], record["model"], *Setting.of(record).words()]
    stem = "-".join(re.sub(r"[^\w.]+", "_", word) for word in words)
    if len(os.fsencode(stem)) <= _LONGEST:
        return stem
    digest = hashlib.sha256(stem.encode()).hexdigest()[:16]
    return f"{os.fsencode(stem)[: _LONGEST - 17].decode(errors='ignore')}-{digest}"
