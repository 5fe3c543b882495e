"""What the probes said of each test clip, as a CSV file."""

import csv
import io
import os
from typing import NamedTuple

import numpy as np

from byola_keras.atomic import write_text
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_probe import TaskScores

_PREDICTED = "predicted_"


class Prediction(NamedTuple):
    """A test clip and what it was taken for.

    Attributes:
        file: absolute path of the sound file.
        start, end: which piece of it the clip is, in seconds; 0 and None for the whole file.
        truth: its class.
        predicted: the class that each probe gave the highest score, a probe a seed (and window).
    """

    file: str
    start: float
    end: float | None
    truth: str
    predicted: tuple[str, ...]


def write(path: str, task: Task, outcome: TaskScores) -> None:
    """Writes a row for each test clip: `file`, `start`, `end`, `true` and, for each probe, `predicted_1`...

    Args:
        path: of the CSV file; its folder is made.
        task: a task whose clips have one label each.
        outcome: of its probes.
    """
    classes = np.array(task.classes, dtype=object)
    tested = [number for numbers in task.rounds() for number in numbers["test"]]
    said = classes[np.argmax(outcome.scores, axis=-1)].T
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["file", "start", "end", "true", *(f"{_PREDICTED}{n}" for n in range(1, said.shape[1] + 1))]
    )
    for number, truth, predicted in zip(tested, classes[outcome.targets], said, strict=True):
        clip = task.clips[number]
        writer.writerow([_file(clip.path), clip.start, clip.end, truth, *predicted])
    write_text(path, text.getvalue())


def _file(path):
    # A file may be called by bytes that are no UTF-8; the result must not be lost by it.
    return os.fsencode(os.path.abspath(path)).decode("utf-8", "backslashreplace")


def read(path: str) -> list[Prediction]:
    """The predictions of a file that `write` has written; none if there is no such file.

    Results of versions that kept no predictions have none.
    """
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [
        Prediction(
            row["file"],
            float(row["start"]),
            float(row["end"]) if row["end"] else None,
            row["true"],
            tuple(value for column, value in row.items() if column.startswith(_PREDICTED)),
        )
        for row in rows
    ]
