"""Lists in files: CSV tables, lines, and the splits and folds that they name."""

import csv
import os
from collections.abc import Iterable

from byola_keras.evaluation.task import SPLITS


def read_rows(path: str, columns: Iterable[str] = ()) -> list[dict[str, str]]:
    """Rows of a CSV file with a header.

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: one of `columns` is not there, or it is no UTF-8.
    """
    try:
        return _read_rows(path, columns)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A CSV file must be in UTF-8. Received: path={path!r}, which is not ({error}); save it anew."
        ) from None


def _read_rows(path, columns):
    if not os.path.isfile(path):
        raise FileNotFoundError(f"A CSV file must be there. Received: path={path!r}, which is not a file.")
    # Spreadsheets write a byte order mark, which would become part of the first column's name.
    with open(path, newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        found = list(reader.fieldnames or ())
        missing = [column for column in columns if column not in found]
        if missing:
            raise ValueError(
                f"The file must have the columns {', '.join(columns)}. Received: path={path!r} without "
                f"{', '.join(missing)}; its columns are {found}"
            )
        return [{column: value or "" for column, value in row.items() if column} for row in reader]


def read_lines(path: str) -> list[str]:
    """Lines of a list that are not empty, without white space around them."""
    with open(path, encoding="utf-8-sig") as lines:
        return [line.strip() for line in lines if line.strip()]


def check_split(split: str, path: str, row: int) -> str:
    """The split itself if it is one, else a ValueError with the row."""
    if split not in SPLITS:
        raise ValueError(
            f"A split must be one of {', '.join(SPLITS)}. Received: split={split!r} in row {row} of {path}"
        )
    return split


def check_fold(text: str, path: str, row: int) -> int:
    """The number of a fold if it is one, else a ValueError with the row."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"`fold` must be a whole number from 1. Received: fold={text!r} in row {row} of {path}"
        )
    return int(text)
