"""FSD50K: sound events of Freesound, several labels a clip."""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "fsd50k"
TITLE = "FSD50K"
UNIT_SECONDS = 7.6358
LEARNING_RATE = 0.0003
CLASSES = 200
CLIPS = {"train": 36_796, "valid": 4_170, "test": 10_231}
SOURCE = "https://zenodo.org/record/4060432"
DEV_LIST, EVAL_LIST = "FSD50K.ground_truth/dev.csv", "FSD50K.ground_truth/eval.csv"
NEEDS = (DEV_LIST, EVAL_LIST, "FSD50K.dev_audio", "FSD50K.eval_audio")
_SPLITS = {"train": "train", "val": "valid"}


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with the three FSD50K folders; the split is published, `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given, or a list is not as published.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    clips = _read_list(folder, DEV_LIST, "FSD50K.dev_audio") + _read_list(
        folder, EVAL_LIST, "FSD50K.eval_audio"
    )
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE, multi_label=True)


def _read_list(folder, listed_in, audio):
    columns = ["fname", "labels"] + (["split"] if listed_in == DEV_LIST else [])
    rows = reading.read_rows(os.path.join(folder, listed_in), columns)
    paths = [f"{audio}/{row['fname']}.wav" for row in rows]
    reading.require_sounds(NAME, SOURCE, folder, paths, listed_in)
    clips = []
    for number, (path, row) in enumerate(zip(paths, rows, strict=True), 2):
        split = "test" if listed_in == EVAL_LIST else _SPLITS.get(row["split"])
        if split is None:
            raise ValueError(
                f"`split` of {listed_in} must be train or val. "
                f"Received: split={row['split']!r} in row {number}"
            )
        clips.append(Clip(os.path.join(folder, path), tuple(row["labels"].split(",")), split))
    return clips
