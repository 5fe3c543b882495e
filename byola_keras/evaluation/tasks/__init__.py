"""The ten tasks of the paper, and tasks of one's own, from files in their official layout."""

import dataclasses
import os
from types import ModuleType

from byola_keras.evaluation.task import Task
from byola_keras.evaluation.tasks import (
    cremad,
    csv_task,
    esc50,
    fsd50k,
    gtzan,
    nsynth,
    reading,
    spcv2,
    surge,
    tfds_task,
    us8k,
    vc1,
    voxforge,
)

TASKS: dict[str, ModuleType] = {
    module.NAME: module
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
        data_dir: holds a folder per task, named as the task; or is itself the folder of the task. Data sets
            of TensorFlow Datasets are looked for there and in its own folder.
        split_csv: split of voxforge or surge; see there.
        seed: of their own split without one.
        check_counts: whether a copy with other counts than the published ones is refused; if not, such a
            copy is not comparable.
        cache_dir: where a data set of TensorFlow Datasets becomes sound files.

    Raises:
        FileNotFoundError: a file of the official layout is not there; the message says where to get it.
        ValueError: there is no such task, or its files are not as published.
    """
    if spec.startswith(csv_task.PREFIX):
        reading.official_split_only(spec, split_csv)
        return csv_task.read(*_csv_parts(spec))
    if spec.startswith(tfds_task.PREFIX):
        name, _, column = spec[len(tfds_task.PREFIX) :].partition(":")
        return tfds_task.read(name, column or None, data_dir, cache_dir)
    if spec not in TASKS:
        raise ValueError(
            f"`spec` must be one of {', '.join(TASKS)}, csv:PATH[:COLUMN] or tfds:NAME[:LABEL]. "
            f"Received: spec={spec!r}"
        )
    module = TASKS[spec]
    folder = os.path.join(data_dir, spec)
    # The first of the needs is the one that no other task has.
    if not os.path.isdir(folder) and reading.has(data_dir, module.NEEDS[0]):
        folder = data_dir
    task = module.read(folder, split_csv, seed)
    reading.check_classes(task)
    try:
        reading.check_counts(task, module.CLIPS, module.CLASSES, getattr(module, "MORE_CLIPS", 0))
    except ValueError:
        if check_counts:
            raise
        return dataclasses.replace(task, comparable=False)
    return task


def _csv_parts(spec):
    """Path and column; a path may itself have a colon."""
    path = spec[len(csv_task.PREFIX) :]
    if os.path.isfile(path) or ":" not in path:
        return path, None
    path, _, column = path.rpartition(":")
    return path, column or None
