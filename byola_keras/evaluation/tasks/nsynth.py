"""NSynth: the family of an instrument from one note; no instrument of train is in valid or test."""

import json
import os

from byola_keras.evaluation.task import SPLITS, Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "nsynth"
TITLE = "NSynth"
UNIT_SECONDS = 4.0
LEARNING_RATE = 0.001
# One of them, synth_lead, is in train only.
CLASSES = 11
CLIPS = {"train": 289_205, "valid": 12_678, "test": 4_096}
SOURCE = "https://magenta.tensorflow.org/datasets/nsynth (the json/wav archives)"
NEEDS = tuple(f"nsynth-{split}/{part}" for split in SPLITS for part in ("examples.json", "audio"))


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with nsynth-train, nsynth-valid and nsynth-test; `seed` is unused.

    Raises:
        FileNotFoundError: a file of the official layout is not there.
        ValueError: a `split_csv` is given.
    """
    reading.official_split_only(NAME, split_csv)
    reading.require(NAME, SOURCE, folder, NEEDS)
    clips = []
    for split in SPLITS:
        listed_in = f"nsynth-{split}/examples.json"
        with open(os.path.join(folder, listed_in), encoding="utf-8") as file:
            notes = {name: note["instrument_family_str"] for name, note in json.load(file).items()}
        paths = [f"nsynth-{split}/audio/{name}.wav" for name in notes]
        reading.require_sounds(NAME, SOURCE, folder, paths, listed_in)
        clips += [
            Clip(os.path.join(folder, path), (family,), split)
            for path, family in zip(paths, notes.values(), strict=True)
        ]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE)
