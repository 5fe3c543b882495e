"""Labels of sound files, or of pieces of them, from a CSV file."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from byola_keras.embedding.stored import StoredScene
from byola_keras.evaluation.tasks.reading import read_rows

_FILE_COLUMNS = ("file", "file_name")
_LABEL_COLUMNS = ("label", "labels")


class Span(NamedTuple):
    """A label, and the part of a file in seconds that it belongs to."""

    start: float
    end: float
    label: str


class Labels:
    """Labels of a CSV file with columns `file` (or `file_name`), a label, and perhaps `start` and `end`.

    Files are named relative to the folder of the CSV, or as `byola embed` names them.

    Args:
        text: PATH, or PATH:COLUMN; without a column `label` or `labels` is taken.

    Raises:
        FileNotFoundError: the CSV is not there.
        ValueError: a column is missing, or a time is no number.
    """

    def __init__(self, text: str):
        path, column = split_column(text)
        self._path = path
        self._spans: dict[str, list[Span]] = {}
        rows = read_rows(path)
        columns = list(rows[0]) if rows else []
        file_column = _column(path, columns, _FILE_COLUMNS)
        label_column = _column(path, columns, (column,) if column else _LABEL_COLUMNS)
        for number, row in enumerate(rows, 2):
            span = Span(
                _seconds(row, "start", 0.0, path, number),
                _seconds(row, "end", float("inf"), path, number),
                row[label_column].strip(),
            )
            name = os.path.normpath(row[file_column])
            for key in {name, os.path.abspath(os.path.join(os.path.dirname(path), name))}:
                self._spans.setdefault(key, []).append(span)

    def of(self, stored: StoredScene) -> str:
        """The label of a file or of a piece, by the piece's middle; several with commas, empty for none."""
        spans = self._spans.get(stored.source) or self._spans.get(os.path.normpath(stored.name)) or []
        if stored.end is not None:
            middle = (stored.start + stored.end) / 2
            spans = [span for span in spans if span.start <= middle < span.end]
        return ", ".join(dict.fromkeys(span.label for span in spans if span.label))

    def check_found(self, labelled: int) -> None:
        """Refuses a CSV that labels none of the embeddings.

        Raises:
            ValueError: `labelled`, the number of embeddings with a label, is 0.
        """
        if not labelled:
            raise ValueError(
                "`labels` must name files that are embedded, relative to the folder of the CSV. Received: "
                f"{self._path!r} with {next(iter(self._spans), 'no files')!r}, and no embedding of any "
                "of its files"
            )


def folder_label(stored: StoredScene) -> str:
    """The folder of a file among those that were embedded; empty where all lie in one."""
    return os.path.dirname(stored.name)


def parts(label: str) -> Iterator[str]:
    """The labels of a text with commas between them."""
    return filter(None, (part.strip() for part in label.split(",")))


def split_column(text: str) -> tuple[str, str | None]:
    """Splits PATH:COLUMN; the name of the file may hold a colon if it is there as a whole."""
    if os.path.exists(text) or ":" not in text:
        return text, None
    path, _, column = text.rpartition(":")
    return path, column


def _column(path, columns, names):
    for name in names:
        if name in columns:
            return name
    raise ValueError(
        f"`labels` must have a column {' or '.join(names)}; PATH:COLUMN names that of the label. Received: "
        f"{path!r} with the columns {', '.join(columns) or 'of an empty file'}"
    )


def _seconds(row, column, otherwise, path, number):
    text = row.get(column, "").strip()
    try:
        return float(text) if text else otherwise
    except ValueError:
        raise ValueError(
            f"`{column}` must be seconds. Received: {column}={text!r} in row {number} of {path}"
        ) from None
