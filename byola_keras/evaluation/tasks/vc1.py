"""VoxCeleb1: which of 1,251 celebrities speaks."""

import os
import re

from byola_keras.evaluation.task import SPLITS, Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "vc1"
TITLE = "VoxCeleb1"
UNIT_SECONDS = 8.2
LEARNING_RATE = 0.00004
CLASSES = 1_251
CLIPS = {"train": 138_361, "valid": 6_904, "test": 8_251}
SOURCE = (
    "https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html (sound after registration, development and "
    "test archives unpacked into one wav folder; iden_split.txt is the list for identification)"
)
NEEDS = ("iden_split.txt", "wav")
_LINE = re.compile(r"([123])\s+([^/\s]+)/([^/\s]+/[^/\s]+)")


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with iden_split.txt and wav/; the split is published, `seed` is unused.

    Speakers are the classes and therefore in every split.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given, or a line of the list is not as published.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    clips, paths = [], []
    for number, line in enumerate(reading.read_lines(os.path.join(folder, NEEDS[0])), 1):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(
                f"A line of {NEEDS[0]} must be 1, 2 or 3 and speaker/video/file.wav. Received: line "
                f"{number}: {line[:80]!r}; get the list again from {SOURCE}"
            )
        split, speaker, rest = match.groups()
        paths.append(f"wav/{speaker}/{rest}")
        clips.append(Clip(os.path.join(folder, paths[-1]), (speaker,), SPLITS[int(split) - 1]))
    reading.require_sounds(NAME, SOURCE, folder, paths, NEEDS[0])
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
