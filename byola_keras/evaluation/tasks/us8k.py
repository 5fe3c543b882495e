"""UrbanSound8K: sounds of cities, 10 published folds."""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "us8k"
TITLE = "UrbanSound8K"
UNIT_SECONDS = 4.0
LEARNING_RATE = 0.00003
CLASSES = 10
CLIPS = 8_732
SOURCE = "https://urbansounddataset.weebly.com/urbansound8k.html"
NEEDS = ("metadata/UrbanSound8K.csv", "audio")


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with audio/fold1 to fold10 and metadata/; `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given, or a list is not as published.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    rows = reading.read_rows(os.path.join(folder, NEEDS[0]), ["slice_file_name", "fold", "class"])
    paths = [f"audio/fold{row['fold']}/{row['slice_file_name']}" for row in rows]
    reading.require_sounds(NAME, SOURCE, folder, paths, NEEDS[0])
    clips = [
        Clip(
            os.path.join(folder, path),
            (row["class"],),
            fold=reading.check_fold(row["fold"], NEEDS[0], number),
        )
        for number, (path, row) in enumerate(zip(paths, rows, strict=True), 2)
    ]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
