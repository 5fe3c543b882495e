"""Speech Commands V2: 35 spoken words."""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "spcv2"
TITLE = "Speech Commands V2"
UNIT_SECONDS = 1.0
LEARNING_RATE = 0.00003
CLASSES = 35
CLIPS = {"train": 84_843, "valid": 9_981, "test": 11_005}
SOURCE = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
# Words begin with a letter: _background_noise_ is no word.
SOUNDS = "[a-z]*/*.wav"
NEEDS = (*LISTS.values(), SOUNDS)


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder of words and the two lists; what is in no list is train, `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    splits = {}
    for split, listed_in in LISTS.items():
        listed = reading.read_lines(os.path.join(folder, listed_in))
        reading.require_sounds(NAME, SOURCE, folder, listed, listed_in)
        splits.update(dict.fromkeys(listed, split))
    clips = [
        Clip(os.path.join(folder, path), (path.split("/")[0],), splits.get(path, "train"))
        for path in reading.sounds(folder, SOUNDS)
    ]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
