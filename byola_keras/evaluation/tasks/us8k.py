"""UrbanSound8K: sounds of cities, 10 published folds."""

from byola_keras.evaluation.tasks.official_task import OfficialTask, clips_with_folds

_LIST = "metadata/UrbanSound8K.csv"

TASK = OfficialTask(
    name="us8k",
    title="UrbanSound8K",
    unit_seconds=4.0,
    learning_rate=0.00003,
    classes=10,
    clips=8_732,
    source="https://urbansounddataset.weebly.com/urbansound8k.html",
    needs=(_LIST, "audio"),
    landmark=_LIST,
    list_clips=clips_with_folds(_LIST, "audio/fold{fold}/{slice_file_name}", label="class"),
)
