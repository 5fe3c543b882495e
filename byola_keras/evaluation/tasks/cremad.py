"""CREMA-D: six emotions of 91 speakers, some of whom are held out."""

import os

from byola_keras.evaluation.task import Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_SOUNDS = "AudioWAV/*.wav"
_EMOTIONS = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
# The held-out speakers of the authors' evaluation code; all others train.
VALID_SPEAKERS = frozenset(("1009", "1011", "1022", "1034", "1039", "1047", "1066", "1070", "1082"))
TEST_SPEAKERS = frozenset(
    ("1001", "1004", "1017", "1019", "1020", "1025", "1026", "1029", "1033", "1035")
    + ("1042", "1044", "1050", "1053", "1056", "1058", "1060", "1069", "1083")
)


def _list_clips(folder):
    clips = []
    for path in folder.sounds(_SOUNDS):
        speaker, _, emotion = (os.path.basename(path).split("_") + ["", "", ""])[:3]
        if emotion not in _EMOTIONS:
            raise ValueError(
                f"A name of AudioWAV must be <speaker>_<sentence>_<emotion>_<level>.wav with an emotion of "
                f"{', '.join(_EMOTIONS)}. Received: path={path!r}; move it out of {folder.path}"
            )
        clips.append(Clip(path, (emotion,), _split(speaker)))
    return clips


def _split(speaker):
    if speaker in VALID_SPEAKERS:
        return "valid"
    return "test" if speaker in TEST_SPEAKERS else "train"


TASK = OfficialTask(
    name="cremad",
    title="CREMA-D",
    unit_seconds=2.5,
    learning_rate=0.0003,
    classes=len(_EMOTIONS),
    clips={"train": 5_155, "valid": 732, "test": 1_551},
    # The list that the paper's files came from has 7,438 names, the repository 7,442 files.
    more_clips=4,
    source="https://github.com/CheyneyComputerScience/CREMA-D (folder AudioWAV, by git lfs)",
    needs=(_SOUNDS,),
    landmark=_SOUNDS,
    list_clips=_list_clips,
)
