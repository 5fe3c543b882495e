"""VoxForge: which of six languages is spoken.

Nobody published a split with the data. The paper drew archives, not speakers, without a seed; its list,
evar/metadata/voxforge.csv of https://github.com/nttcslab/eval-audio-repr, can be given as `split_csv`.
"""

from byola_keras.evaluation.task import Clip
from byola_keras.evaluation.tasks.official_task import GroupSplit, OfficialTask

_LANGUAGES = ("de", "en", "es", "fr", "it", "ru")
_SOUNDS = tuple(f"{language}/*/wav/*.wav" for language in _LANGUAGES)


def _list_clips(folder):
    paths = [path for pattern in _SOUNDS for path in folder.sounds(pattern)]
    return [Clip(path, (path.split("/")[0],)) for path in paths]


TASK = OfficialTask(
    name="voxforge",
    title="VoxForge",
    unit_seconds=5.8,
    learning_rate=0.0001,
    classes=len(_LANGUAGES),
    clips={"train": 121_281, "valid": 26_684, "test": 28_463},
    source=(
        "https://storage.googleapis.com/tfds-data/downloads/voxforge/voxforge_urls.txt (a list of archives, "
        "each to be unpacked into a folder named as its language: de/<archive>/wav/<sound>.wav)"
    ),
    needs=_SOUNDS,
    landmark=_SOUNDS[0],
    list_clips=_list_clips,
    group_split=GroupSplit(
        group_of=lambda path: path.rsplit("/", 2)[0], shares=(0.70, 0.15, 0.15), columns=("archive",)
    ),
)
