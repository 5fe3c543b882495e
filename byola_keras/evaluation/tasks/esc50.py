"""ESC-50: environmental sounds, 5 published folds."""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "esc50"
TITLE = "ESC-50"
UNIT_SECONDS = 5.0
LEARNING_RATE = 0.001
CLASSES = 50
CLIPS = 2_000
SOURCE = "https://github.com/karolpiczak/ESC-50 (the archive of the repository)"
NEEDS = ("meta/esc50.csv", "audio")


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with audio/ and meta/esc50.csv; the split is published, `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given, or a list is not as published.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    rows = reading.read_rows(os.path.join(folder, NEEDS[0]), ["filename", "fold", "category"])
    paths = [f"audio/{row['filename']}" for row in rows]
    reading.require_sounds(NAME, SOURCE, folder, paths, NEEDS[0])
    clips = [
        Clip(
            os.path.join(folder, path),
            (row["category"],),
            fold=reading.check_fold(row["fold"], NEEDS[0], number),
        )
        for number, (path, row) in enumerate(zip(paths, rows, strict=True), 2)
    ]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
