"""FSD50K: sound events of Freesound, several labels a clip; the split is published."""

from byola_keras.evaluation.task import Clip
from byola_keras.evaluation.tasks.official_task import OfficialTask

_DEV_LIST, _EVAL_LIST = "FSD50K.ground_truth/dev.csv", "FSD50K.ground_truth/eval.csv"
_SPLITS = {"train": "train", "val": "valid"}


def _list_clips(folder):
    rows = folder.rows(_DEV_LIST, ["fname", "labels", "split"])
    splits = [_split(row["split"], number) for number, row in enumerate(rows, 2)]
    clips = _clips(folder, "FSD50K.dev_audio", _DEV_LIST, rows, splits)
    rows = folder.rows(_EVAL_LIST, ["fname", "labels"])
    return clips + _clips(folder, "FSD50K.eval_audio", _EVAL_LIST, rows, ["test"] * len(rows))


def _split(word, number):
    if word not in _SPLITS:
        raise ValueError(
            f"`split` of {_DEV_LIST} must be train or val. Received: split={word!r} in row {number}; get the "
            f"list again from {TASK.source}"
        )
    return _SPLITS[word]


def _clips(folder, audio, listed_in, rows, splits):
    paths = folder.listed([f"{audio}/{row['fname']}.wav" for row in rows], listed_in)
    return [
        Clip(path, tuple(row["labels"].split(",")), split)
        for path, row, split in zip(paths, rows, splits, strict=True)
    ]


TASK = OfficialTask(
    name="fsd50k",
    title="FSD50K",
    # Table II rounds it to 7.6.
    unit_seconds=7.6358,
    learning_rate=0.0003,
    classes=200,
    clips={"train": 36_796, "valid": 4_170, "test": 10_231},
    source="https://zenodo.org/record/4060432",
    needs=(_DEV_LIST, _EVAL_LIST, "FSD50K.dev_audio", "FSD50K.eval_audio"),
    landmark=_DEV_LIST,
    list_clips=_list_clips,
    multi_label=True,
)
