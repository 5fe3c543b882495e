"""GTZAN: ten genres of music, in the split without the known faults."""

import os

from byola_keras.evaluation.task import SPLITS, Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "gtzan"
TITLE = "GTZAN"
UNIT_SECONDS = 30.0
LEARNING_RATE = 0.001
CLASSES = 10
CLIPS = {"train": 443, "valid": 197, "test": 290}
SOURCE = (
    "http://opihi.cs.uvic.ca/sound/genres.tar.gz or a mirror (<genre>/<genre>.<number>.wav), the lists from "
    "https://github.com/jongpillee/music_dataset_split (folder GTZAN_split)"
)
LISTS = {split: f"{split}_filtered.txt" for split in SPLITS}
NEEDS = (*LISTS.values(), "*/*.wav")


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with genres and three lists; a file in no list is left out, `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    clips = []
    for split, listed_in in LISTS.items():
        lines = reading.read_lines(os.path.join(folder, listed_in))
        names = [os.path.basename(line).removesuffix(".wav") for line in lines]
        # The genre is in the name, so that lists with and without folder and extension are read alike.
        paths = [f"{name.split('.')[0]}/{name}.wav" for name in names]
        reading.require_sounds(NAME, SOURCE, folder, paths, listed_in)
        clips += [Clip(os.path.join(folder, path), (path.split("/")[0],), split) for path in paths]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
