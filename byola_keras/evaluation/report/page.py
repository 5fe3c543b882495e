"""The page `results.html`: one file with its data, style, script and sounds; it needs no network."""

import importlib.resources
import json
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from byola_keras.atomic import write_text
from byola_keras.evaluation import details, predictions, records, tables
from byola_keras.evaluation.report.confusions import HEARD_CLIPS, NAMED_CLIPS, as_data, confusion
from byola_keras.evaluation.report.sounds import MOST_CHARACTERS, SECONDS, Sounds

FILE = "results.html"
# In this order they are one script.
_SCRIPTS = ("elements.js", "table.js", "charts.js", "confusions.js", "page.js")


def write(output_dir: str, rows: Sequence[tables.Row], correlation: tuple[Sequence[str], np.ndarray]) -> None:
    """Writes `results.html`: the table, bars of each task, Fig. 6, and confusion matrices with their clips.

    Args:
        output_dir: folder of the results, whose `details/` has the predictions.
        rows: our results, at least one.
        correlation: names and correlations of the representations, see `representation_correlation`.
    """
    write_text(os.path.join(output_dir, FILE), html(page_data(output_dir, rows, correlation)))


def page_data(
    output_dir: str, rows: Sequence[tables.Row], correlation: tuple[Sequence[str], np.ndarray]
) -> dict[str, Any]:
    """All that the page shows, as its script reads it; arguments as of `write`."""
    rows = list(rows)
    sounds = Sounds()
    confusions = as_data(list(_confusions(output_dir, rows)), sounds)
    names, matrix = correlation
    return {
        "columns": [{"key": key, "title": title} for key, title in tables.headers(rows).items()],
        "measures": records.OTHER_MEASURES,
        "rows": _rows(rows),
        "seconds": _seconds(rows),
        "notes": [note.replace("\\*", "*") for note in tables.notes(rows)],
        "correlation": {"names": list(names), "matrix": [[_number(x) for x in line] for line in matrix]},
        "confusions": confusions,
        "sounds": sounds.addresses,
        "predictions": "details/predictions",
        "limits": limits(),
    }


def limits() -> dict[str, float]:
    """How many clips a page names and plays, and how long, as the script of the confusions says it."""
    return {
        "named": NAMED_CLIPS,
        "heard": HEARD_CLIPS,
        "seconds": SECONDS,
        "megabytes": MOST_CHARACTERS / 1e6,
    }


def html(data: dict[str, Any]) -> str:
    """The page.

    Args:
        data: as `page_data` gives it.
    """
    return filled(
        file_text("page.html"), [file_text("page.css")], [file_text(name) for name in _SCRIPTS], data
    )


def filled(page: str, styles: Sequence[str], scripts: Sequence[str], data: dict[str, Any]) -> str:
    """A page with its style, its script and its data inside.

    Args:
        page: HTML in which `/* style */`, `/* script */` and `/* data */` stand for these.
        styles: style sheets, one after the other.
        scripts: pieces that are one script in this order.
        data: what the script reads, JSON values.
    """
    # Nothing in the data can end the element that holds it.
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    # The data come last: whatever they hold is no place for another piece.
    pieces = {"/* style */": "\n".join(styles), "/* script */": "\n".join(scripts), "/* data */": text}
    for place, piece in pieces.items():
        before, _, after = page.partition(place)
        page = before + piece + after
    return page


def _rows(rows):
    columns = tables.headers(rows)
    ours = [
        {
            "label": row.label,
            "full": row.model,
            "published": False,
            "cells": {column: _cell(tables.cell(row, column)) for column in columns},
            "others": {
                measure: {task: _cell(tables.other_cell(row, task, measure)) for task in columns}
                for measure in records.OTHER_MEASURES
            },
        }
        for row in rows
    ]
    theirs = [
        {
            "label": tables.published_name(row),
            "full": f"{row.model}, as published",
            "published": True,
            "cells": {column: _cell(tables.published_cell(row, column)) for column in columns},
        }
        for row in tables.published_beside(tables.titles(rows))
    ]
    return ours + theirs


def _cell(cell):
    if cell is None:
        return None
    return {"mean": round(cell.mean, 3), "interval": _number(cell.interval), "marked": cell.marked}


def _seconds(rows):
    """How long each stage took, by row and task."""
    titles = tables.titles(rows)
    return [
        {"row": row.label, "task": titles[task], "stages": stages}
        for row in rows
        for task in titles
        if (stages := (row.records.get(task) or {}).get("seconds"))
    ]


def _confusions(output_dir, rows):
    titles = tables.titles(rows)
    for task, title in titles.items():
        for row in rows:
            if task in row.records:
                found = predictions.read(details.predictions_path(output_dir, row.records[task]))
                if found:
                    yield confusion(title, row.label, found)


def _number(value):
    """Rounded; null where there is none."""
    return None if math.isnan(value) else round(float(value), 3)


def file_text(name: str) -> str:
    """The text of a style sheet or script of this page, which other pages may share."""
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
