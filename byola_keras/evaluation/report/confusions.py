"""Confusion matrices with the clips behind their cells, as the page shows them."""

import dataclasses
import zlib
from collections.abc import Iterable, Sequence

from byola_keras.evaluation.predictions import Prediction
from byola_keras.evaluation.report.sounds import Sounds

# How many clips of a cell are named, and how many of these are heard.
NAMED_CLIPS = 8
HEARD_CLIPS = 3
# Cells of a matrix that are kept, the fullest first: 60 classes that are all taken for each other.
_MOST_CELLS = 3_600


@dataclasses.dataclass
class Cell:
    """The clips of one class that were taken for another one, or for their own.

    Attributes:
        truth: number of the clips' class.
        predicted: number of the class that they were taken for.
        count: how many clips; one that some of the probes took so counts in part.
        clips: the clips by how many probes took them so, most first.
    """

    truth: int
    predicted: int
    count: float = 0.0
    clips: list[tuple[Prediction, int]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Confusion:
    """What one representation took the test clips of a task for.

    Attributes:
        task: title of the task.
        row: label of the representation's row.
        classes: names of the classes.
        probes: how many probes were asked.
        clips: number of the test clips of each class.
        cells: the cells that are not empty, the fullest first.
    """

    task: str
    row: str
    classes: list[str]
    probes: int
    clips: list[int]
    cells: list[Cell]


def confusion(task: str, row: str, predictions: Sequence[Prediction]) -> Confusion:
    """Counts who was taken for whom.

    Args:
        task: title of the task.
        row: label of the representation's row.
        predictions: of all test clips, at least one.
    """
    classes = sorted(
        {label for found in predictions for label in (found.truth, *found.predicted)}, key=_order
    )
    number = {name: place for place, name in enumerate(classes)}
    probes = len(predictions[0].predicted)
    cells: dict[tuple[int, int], Cell] = {}
    clips = [0] * len(classes)
    for found in sorted(predictions, key=_scattered):
        truth = number[found.truth]
        clips[truth] += 1
        for label in dict.fromkeys(found.predicted):
            votes = found.predicted.count(label)
            cell = cells.setdefault((truth, number[label]), Cell(truth, number[label]))
            cell.count += votes / probes
            cell.clips.append((found, votes))
    for cell in cells.values():
        cell.clips.sort(key=lambda clip: -clip[1])
    fullest = sorted(cells.values(), key=lambda cell: (-cell.count, cell.truth, cell.predicted))
    return Confusion(task, row, classes, probes, clips, fullest[:_MOST_CELLS])


def as_data(confusions: Sequence[Confusion], sounds: Sounds) -> list[dict]:
    """The confusions as the page's script reads them; their clips' sounds are added to `sounds`.

    What was mistaken is heard first, and each cell once before any is heard twice: should the room end, all
    have had their turn.
    """
    for place in range(HEARD_CLIPS):
        for right in (False, True):
            for cell in _cells(confusions, right):
                for found, _ in cell.clips[place : place + 1]:
                    sounds.number(found.file, found.start, found.end)
    return [_as_data(one, sounds) for one in confusions]


def _cells(confusions, right) -> Iterable[Cell]:
    cells = [cell for one in confusions for cell in one.cells if (cell.truth == cell.predicted) == right]
    return sorted(cells, key=lambda cell: -cell.count)


def _as_data(one, sounds):
    return {
        **{name: getattr(one, name) for name in ("task", "row", "classes", "probes", "clips")},
        "cells": [
            {
                "truth": cell.truth,
                "predicted": cell.predicted,
                "count": round(cell.count, 3),
                "named": [
                    _clip(found, votes, place < HEARD_CLIPS, sounds)
                    for place, (found, votes) in enumerate(cell.clips[:NAMED_CLIPS])
                ],
                "more": max(0, len(cell.clips) - NAMED_CLIPS),
            }
            for cell in one.cells
        ],
    }


def _clip(found, votes, heard, sounds):
    name = "/".join(found.file.split("/")[-2:])
    if found.start or found.end is not None:
        name += f" {found.start:g} s to " + ("its end" if found.end is None else f"{found.end:g} s")
    sound = sounds.number(found.file, found.start, found.end) if heard else None
    return {"file": name, "votes": votes, "sound": sound}


def _order(name):
    """Numbers by their size, before words."""
    return (0, float(name), "") if name.isdecimal() else (1, 0.0, name)


def _scattered(found):
    """An order that is the same for all models, and in which neighbours are not of one speaker or take."""
    return zlib.crc32(f"{found.file}:{found.start}".encode())
