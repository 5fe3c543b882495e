"""Surge: which of 88 notes a synthesizer plays.

Nobody published a split with the data. The paper drew presets without a seed; its list,
evar/predefined/dataset_surge_tone_splits.csv of https://github.com/nttcslab/eval-audio-repr, can be given as
`split_csv`.
"""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "surge"
TITLE = "Surge pitch"
UNIT_SECONDS = 4.0
LEARNING_RATE = 0.00003
# MIDI notes 21 to 108, the keys of a piano.
CLASSES = 88
CLIPS = {"train": 148_896, "valid": 17_160, "test": 17_336}
# Presets of the paper's train, valid and test.
SHARES = (1_692, 195, 197)
# The paper's list calls a preset a tone.
GROUP_COLUMNS = ("preset", "tone")
SOURCE = "https://zenodo.org/record/4677097 (unpacked: <preset>/<midi>.ogg)"
NEEDS = ("*/[0-9]*.ogg",)


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with <preset>/<midi>.ogg.

    Args:
        folder: of the presets.
        split_csv: with the columns `split` and `file`, `preset` or `tone`; what it does not name is left out.
        seed: of the split over presets, used without a `split_csv`. Such a task is not comparable.

    Raises:
        FileNotFoundError: a file of the layout or one that `split_csv` names is not there.
        ValueError: `split_csv` is not of that form.
    """
    reading.require(NAME, SOURCE, folder, NEEDS)
    presets = {path: path.split("/")[0] for path in reading.sounds(folder, NEEDS[0])}
    if split_csv:
        splits = reading.split_by_csv(split_csv, presets, GROUP_COLUMNS)
    else:
        drawn = reading.split_by_group(presets.values(), SHARES, seed)
        splits = {path: drawn[preset] for path, preset in presets.items()}
    clips = [
        Clip(os.path.join(folder, path), (os.path.splitext(os.path.basename(path))[0],), split)
        for path, split in splits.items()
    ]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE, comparable=bool(split_csv))
