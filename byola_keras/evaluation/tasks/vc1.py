"""VoxCeleb1: which of 1,251 celebrities speaks; the split is published, every speaker is in each part."""

import re

from byola_keras.evaluation.task import SPLITS, Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_LIST = "iden_split.txt"
_LINE = re.compile(r"([123])\s+([^/\s]+)/([^/\s]+/[^/\s]+)")


def _list_clips(folder):
    clips = []
    for number, line in enumerate(folder.lines(_LIST), 1):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(
                f"A line of {_LIST} must be 1, 2 or 3 and speaker/video/file.wav. Received: line {number}: "
                f"{line[:80]!r}; get the list again from {TASK.source}"
            )
        split, speaker, rest = match.groups()
        clips.append(Clip(f"wav/{speaker}/{rest}", (speaker,), SPLITS[int(split) - 1]))
    folder.listed([clip.path for clip in clips], _LIST)
    return clips


TASK = OfficialTask(
    name="vc1",
    title="VoxCeleb1",
    unit_seconds=8.2,
    learning_rate=0.00004,
    classes=1_251,
    clips={"train": 138_361, "valid": 6_904, "test": 8_251},
    source=(
        "https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html (sound after registration, development and "
        "test archives unpacked into one wav folder; iden_split.txt is the list for identification)"
    ),
    needs=(_LIST, "wav"),
    landmark=_LIST,
    list_clips=_list_clips,
)
