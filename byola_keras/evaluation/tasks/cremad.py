"""CREMA-D: six emotions of 91 speakers, some of whom are held out."""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "cremad"
TITLE = "CREMA-D"
UNIT_SECONDS = 2.5
LEARNING_RATE = 0.0003
EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
CLASSES = len(EMOTIONS)
CLIPS = {"train": 5_155, "valid": 732, "test": 1_551}
# The list that the paper's files came from has 7,438 names, the repository 7,442 files.
MORE_CLIPS = 4
SOURCE = "https://github.com/CheyneyComputerScience/CREMA-D (folder AudioWAV, by git lfs)"
SOUNDS = "AudioWAV/*.wav"
NEEDS = (SOUNDS,)
# The paper's held-out speakers; all others train.
VALID_SPEAKERS = frozenset(map(str, (1009, 1011, 1022, 1034, 1039, 1047, 1066, 1070, 1082)))
TEST_SPEAKERS = frozenset(
    map(
        str,
        (1001, 1004, 1017, 1019, 1020, 1025, 1026, 1029, 1033, 1035)
        + (1042, 1044, 1050, 1053, 1056, 1058, 1060, 1069, 1083),
    )
)


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with AudioWAV/<speaker>_<sentence>_<emotion>_<level>.wav; `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given, or a name is not of that form.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    clips = []
    for path in reading.sounds(folder, SOUNDS):
        speaker, _, emotion = (os.path.basename(path).split("_") + ["", "", ""])[:3]
        if emotion not in EMOTIONS:
            raise ValueError(
                f"A name of AudioWAV must be <speaker>_<sentence>_<emotion>_<level>.wav with an emotion of "
                f"{', '.join(EMOTIONS)}. Received: path={path!r}; move it out of {folder}"
            )
        clips.append(Clip(os.path.join(folder, path), (emotion,), _split(speaker)))
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)


def _split(speaker):
    if speaker in VALID_SPEAKERS:
        return "valid"
    return "test" if speaker in TEST_SPEAKERS else "train"
