"""GTZAN: ten genres of music, in the published split without the known faults."""

import os

from byola_keras.evaluation.task import SPLITS, Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_LISTS = {split: f"{split}_filtered.txt" for split in SPLITS}


def _list_clips(folder):
    clips = []
    for split, listed_in in _LISTS.items():
        names = [os.path.basename(line).removesuffix(".wav") for line in folder.lines(listed_in)]
        # The genre is in the name, so that lists with and without folder and extension are read alike.
        paths = folder.listed([f"{name.split('.')[0]}/{name}.wav" for name in names], listed_in)
        clips += [Clip(path, (path.split("/")[0],), split) for path in paths]
    # A file in no list is left out.
    return clips


TASK = OfficialTask(
    name="gtzan",
    title="GTZAN",
    unit_seconds=30.0,
    learning_rate=0.001,
    classes=10,
    clips={"train": 443, "valid": 197, "test": 290},
    source=(
        "http://opihi.cs.uvic.ca/sound/genres.tar.gz or a mirror (<genre>/<genre>.<number>.wav), the lists "
        "from https://github.com/jongpillee/music_dataset_split (folder GTZAN_split)"
    ),
    needs=(*_LISTS.values(), "*/*.wav"),
    landmark=_LISTS["train"],
    list_clips=_list_clips,
)
