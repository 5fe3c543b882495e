"""Speech Commands V2: 35 spoken words; validation and test are published lists."""

from byola_keras.evaluation.task import Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
# Words begin with a letter: _background_noise_ is no word.
_SOUNDS = "[a-z]*/*.wav"


def _list_clips(folder):
    splits = {}
    for split, listed_in in _LISTS.items():
        splits.update(dict.fromkeys(folder.listed(folder.lines(listed_in), listed_in), split))
    # What is in no list is for training.
    return [Clip(path, (path.split("/")[0],), splits.get(path, "train")) for path in folder.sounds(_SOUNDS)]


TASK = OfficialTask(
    name="spcv2",
    title="Speech Commands V2",
    unit_seconds=1.0,
    learning_rate=0.00003,
    classes=35,
    clips={"train": 84_843, "valid": 9_981, "test": 11_005},
    source="http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
    needs=(*_LISTS.values(), _SOUNDS),
    landmark=_LISTS["valid"],
    list_clips=_list_clips,
)
