"""NSynth: the family of an instrument from one note; no instrument of train is in valid or test."""

import json
import os

from byola_keras.evaluation.task import SPLITS, Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_LISTS = {split: f"nsynth-{split}/examples.json" for split in SPLITS}


def _list_clips(folder):
    clips = []
    for split, listed_in in _LISTS.items():
        with open(os.path.join(folder.path, listed_in), encoding="utf-8") as file:
            notes = {name: note["instrument_family_str"] for name, note in json.load(file).items()}
        paths = folder.listed([f"nsynth-{split}/audio/{name}.wav" for name in notes], listed_in)
        clips += [Clip(path, (family,), split) for path, family in zip(paths, notes.values(), strict=True)]
    return clips


TASK = OfficialTask(
    name="nsynth",
    title="NSynth",
    unit_seconds=4.0,
    learning_rate=0.001,
    # One of them, synth_lead, is in train only.
    classes=11,
    clips={"train": 289_205, "valid": 12_678, "test": 4_096},
    source="https://magenta.tensorflow.org/datasets/nsynth (the json/wav archives)",
    needs=tuple(need for split in SPLITS for need in (_LISTS[split], f"nsynth-{split}/audio")),
    landmark=_LISTS["train"],
    list_clips=_list_clips,
)
