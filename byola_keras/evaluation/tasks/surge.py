"""Surge: which of 88 notes a synthesizer plays.

Nobody published a split with the data. The paper drew presets without a seed; its list,
evar/predefined/dataset_surge_tone_splits.csv of https://github.com/nttcslab/eval-audio-repr, can be given as
`split_csv`.
"""

import os

from byola_keras.evaluation.task import Clip
from byola_keras.evaluation.tasks.official_task import GroupSplit, OfficialTask

_SOUNDS = "*/[0-9]*.ogg"


def _list_clips(folder):
    return [Clip(path, (os.path.splitext(os.path.basename(path))[0],)) for path in folder.sounds(_SOUNDS)]


TASK = OfficialTask(
    name="surge",
    title="Surge pitch",
    unit_seconds=4.0,
    learning_rate=0.00003,
    # MIDI notes 21 to 108, the keys of a piano.
    classes=88,
    clips={"train": 148_896, "valid": 17_160, "test": 17_336},
    source="https://zenodo.org/record/4677097 (unpacked: <preset>/<midi>.ogg)",
    needs=(_SOUNDS,),
    landmark=_SOUNDS,
    list_clips=_list_clips,
    group_split=GroupSplit(
        group_of=lambda path: path.split("/")[0],
        # Presets of the paper's train, valid and test.
        shares=(1_692, 195, 197),
        # The authors' list calls a preset a tone.
        columns=("preset", "tone"),
    ),
)
