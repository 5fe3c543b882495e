"""The ten tasks of the paper, and tasks of one's own, from files in their official layout."""

import dataclasses
import os

from byola_keras.evaluation.task import Task
from byola_keras.evaluation.tasks import (
    cremad,
    csv_task,
    esc50,
    fsd50k,
    gtzan,
    nsynth,
    spcv2,
    surge,
    tfds_task,
    us8k,
    vc1,
    voxforge,
)
from byola_keras.evaluation.tasks.official_task import OfficialTask

TASKS: dict[str, OfficialTask] = {
    module.TASK.name: module.TASK
    for module in (esc50, us8k, fsd50k, spcv2, vc1, voxforge, cremad, gtzan, nsynth, surge)
}


def load_task(
    spec: str,
    data_dir: str,
    split_csv: str | None = None,
    seed: int = 0,
    check_counts: bool = True,
    cache_dir: str | None = None,
) -> Task:
    """A task with all its clips.

    Args:
        spec: name of a task; `csv:PATH[:COLUMN]`, where PATH is relative to the working directory; or
            `tfds:NAME[:LABEL]`.
        data_dir: folder that holds a folder for each task, named as the task; or the folder of the task
            itself. Data sets of TensorFlow Datasets are looked for there and in its own folder.
        split_csv: split of a task that is published without one (voxforge, surge), see `OfficialTask.read`.
        seed: seed of the split of such a task without a `split_csv`; the others do not depend on it.
        check_counts: whether a copy with other counts than Table II's is refused; if not, such a copy is not
            comparable.
        cache_dir: folder where a data set of TensorFlow Datasets becomes sound files.

    Raises:
        FileNotFoundError: a file of the official layout is not there; the message says where to get it.
        ValueError: there is no such task, or its files are not as published.
    """
    splittable = [name for name, official in TASKS.items() if official.takes_split_csv]
    if split_csv and spec not in splittable:
        raise ValueError(
            f"`split_csv` must be empty for {spec}, which has a split of its own. Received: "
            f"split_csv={split_csv!r}; only {' and '.join(splittable)} take one."
        )
    if spec.startswith(csv_task.PREFIX):
        return csv_task.read(*csv_task.path_and_column(spec[len(csv_task.PREFIX) :]))
    if spec.startswith(tfds_task.PREFIX):
        name, _, column = spec[len(tfds_task.PREFIX) :].partition(":")
        return tfds_task.read(name, column or None, data_dir, cache_dir)
    if spec not in TASKS:
        raise ValueError(
            f"`spec` must be one of {', '.join(TASKS)}, csv:PATH[:COLUMN] or tfds:NAME[:LABEL]. "
            f"Received: spec={spec!r}"
        )
    official = TASKS[spec]
    path = os.path.join(data_dir, spec)
    if not os.path.isdir(path) and official.folder(data_dir).has(official.landmark):
        path = data_dir
    task = official.read(path, split_csv, seed)
    try:
        official.check_counts(task)
    except ValueError:
        if check_counts:
            raise
        return dataclasses.replace(task, comparable=False)
    return task
