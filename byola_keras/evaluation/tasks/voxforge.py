"""VoxForge: which of six languages is spoken.

Nobody published a split with the data. The paper drew archives, not speakers, without a seed; its list,
evar/metadata/voxforge.csv of https://github.com/nttcslab/eval-audio-repr, can be given as `split_csv`.
"""

import os

from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.tasks import reading

NAME = "voxforge"
TITLE = "VoxForge"
UNIT_SECONDS = 5.8
LEARNING_RATE = 0.0001
LANGUAGES = ("de", "en", "es", "fr", "it", "ru")
CLASSES = len(LANGUAGES)
CLIPS = 176_428
# Of the archives: train, valid, test.
SHARES = (0.70, 0.15, 0.15)
SOURCE = (
    "https://storage.googleapis.com/tfds-data/downloads/voxforge/voxforge_urls.txt (a list of archives, each "
    "to be unpacked into a folder named as its language: de/<archive>/wav/<sound>.wav)"
)
NEEDS = tuple(f"{language}/*/wav/*.wav" for language in LANGUAGES)


def read(folder: str, split_csv: str | None = None, seed: int = 0) -> Task:
    """The task from a folder with <language>/<archive>/wav/<sound>.wav.

    Args:
        folder: with the six languages.
        split_csv: with the columns `split` and `file` or `archive`; what it does not name is left out.
        seed: of the split over archives, used without a `split_csv`. Such a task is not comparable.

    Raises:
        FileNotFoundError: a file of the layout or one that `split_csv` names is not there.
        ValueError: `split_csv` is not of that form.
    """
    reading.require(NAME, SOURCE, folder, NEEDS)
    paths = [path for pattern in NEEDS for path in reading.sounds(folder, pattern)]
    archives = {path: path.rsplit("/", 2)[0] for path in paths}
    if split_csv:
        splits = reading.split_by_csv(split_csv, archives, ["archive"])
    else:
        drawn = reading.split_by_group(archives.values(), SHARES, seed)
        splits = {path: drawn[archive] for path, archive in archives.items()}
    clips = [Clip(os.path.join(folder, path), (path.split("/")[0],), split) for path, split in splits.items()]
    return Task(NAME, TITLE, tuple(clips), UNIT_SECONDS, LEARNING_RATE, comparable=bool(split_csv))
