"""ESC-50: environmental sounds, 5 published folds."""

from byola_keras.evaluation.tasks.official_task import OfficialTask, clips_with_folds

_LIST = "meta/esc50.csv"

TASK = OfficialTask(
    name="esc50",
    title="ESC-50",
    unit_seconds=5.0,
    learning_rate=0.001,
    classes=50,
    clips=2_000,
    source="https://github.com/karolpiczak/ESC-50 (the archive of the repository)",
    needs=(_LIST, "audio"),
    landmark=_LIST,
    list_clips=clips_with_folds(_LIST, "audio/{filename}", label="category"),
)
