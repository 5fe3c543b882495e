"""Labelled clips, and which of them train, choose and test a classifier."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from byola_keras.evaluation.probe import draw_valid
from byola_keras.evaluation.task import SPLITS, Task, by_split
from byola_keras.evaluation.task_probe import targets_of
from byola_keras.evaluation.tasks import csv_task

_DRAWN_TEST = (
    "The CSV file has neither split nor fold: a fifth of the recordings of each class was drawn as the test. "
    "What one speaker, animal or place has in several recordings is in training and test then, and the score "
    "is better than it will be on others; a column split or fold avoids that."
)


@dataclasses.dataclass(frozen=True)
class LabelledClips:
    """The clips of a CSV file as a classifier uses them.

    Attributes:
        task: the clips, with splits.
        targets: what they are: class numbers [clips], or 0 and 1, float32 [clips, classes].
        numbers: numbers of the clips of "train", "valid" and "test" among those of the task. Without a clip
            to spare for validation, "valid" is "train".
        notes: sentences on what the user may not expect.
    """

    task: Task
    targets: np.ndarray
    numbers: dict[str, np.ndarray]
    notes: tuple[str, ...]

    @property
    def chooses_on_training(self) -> bool:
        """Whether the training clips are the validation clips, too."""
        return np.array_equal(self.numbers["train"], self.numbers["valid"])

    def counts(self, split: str) -> np.ndarray:
        """Clips of each class in a split, int [classes]."""
        return _counts(self.targets[self.numbers[split]], len(self.task.classes))


def read_labelled(
    labels: str, clips_per_class: int | None = None, test_fold: int | None = None, seed: int = 0
) -> LabelledClips:
    """Reads labelled clips by the benchmark's reader.

    Args:
        labels: PATH or PATH:COLUMN of a CSV file, see `evaluation.tasks.csv_task.read`. Without split and
            fold, a test is drawn.
        clips_per_class: how many training clips of each class are taken; the validation clips are then drawn
            from these. None takes all, and the validation clips of the file.
        test_fold: the fold that is the test, where there are folds; None for the last.
        seed: seed of what is drawn.

    Raises:
        FileNotFoundError, ValueError: the CSV file is not as it must be; or it has no such fold.
    """
    task = _with_splits(csv_task.read(*csv_task.path_and_column(labels), draw_seed=seed), test_fold)
    targets = targets_of(task)
    (of_splits,) = task.rounds()
    numbers = {split: np.array(of_splits[split], int) for split in SPLITS}
    if clips_per_class is not None:
        chosen = _few_of_each(targets[numbers["train"]], clips_per_class, len(task.classes), seed)
        numbers |= {"train": numbers["train"][chosen], "valid": np.array([], int)}
    notes = [_DRAWN_TEST] if task.drawn else []
    valid_is_drawn = not len(numbers["valid"])
    if valid_is_drawn:
        rows, valid_rows, more = _drawn(targets[numbers["train"]], task.classes, seed)
        notes += more
        numbers |= {"train": numbers["train"][rows], "valid": numbers["train"][valid_rows]}
    clips = LabelledClips(task, targets, numbers, tuple(notes))
    return dataclasses.replace(clips, notes=(*notes, *_missing(clips, valid_is_drawn)))


def _missing(clips, valid_is_drawn):
    """Notes on classes that the test clips lack, or the validation clips of the file."""
    missing = {
        split: [
            name for name, count in zip(clips.task.classes, clips.counts(split), strict=True) if not count
        ]
        for split in ("valid", "test")
    }
    notes = []
    if missing["valid"] and not valid_is_drawn:
        notes.append(
            f"Classes without a validation clip: {', '.join(missing['valid'])}. Learning rate, temperature "
            "and thresholds are chosen without them."
        )
    if missing["test"]:
        of_probe = "; the benchmark's probe counts an average precision of 0 for each"
        notes.append(
            f"Classes without a test clip: {', '.join(missing['test'])}. The figures of the classifier leave "
            f"them out{of_probe if clips.task.multi_label else ''}."
        )
    return notes


def _with_splits(task, test_fold):
    """The task; one with folds as one with splits, of which a fold is the test."""
    if not task.folds:
        if test_fold is not None:
            raise ValueError(
                f"`test_fold` is for CSV files with folds. Received: test_fold={test_fold}; {task.file} has "
                "splits."
            )
        return task
    fold = task.folds if test_fold is None else test_fold
    if fold not in {clip.fold for clip in task.clips}:
        raise ValueError(
            f"`test_fold` must be a fold of {task.file}. Received: test_fold={fold}; it has the folds 1 to "
            f"{task.folds}."
        )
    clips = [clip._replace(split="test" if clip.fold == fold else "train", fold=0) for clip in task.clips]
    return dataclasses.replace(task, clips=by_split(clips))


def _few_of_each(targets, count, classes, seed):
    """Rows of up to so many clips of each class; a clip with several labels counts for each."""
    taken, left = [], np.full(classes + 1, count)
    for row in np.random.default_rng((seed, 7)).permutation(len(targets)):
        # Clips without a label count as a class of their own.
        labels = _labels_of(targets[row]) if targets.ndim == 2 else [targets[row]]
        if any(left[label] > 0 for label in labels):
            taken.append(row)
            for label in labels:
                left[label] -= 1
    return np.sort(taken)


def _labels_of(row) -> Sequence[int]:
    found = np.flatnonzero(row)
    return found if len(found) else [len(row)]


def _drawn(targets, classes, seed):
    """Rows for training, rows for validation, and notes."""
    counts = _counts(targets, len(classes))
    single = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    in_single = counts[targets] == 1 if targets.ndim == 1 else (targets * (counts == 1)).any(axis=1)
    free = np.flatnonzero(~in_single)
    notes = []
    if single:
        notes.append(
            f"Classes with one training clip: {', '.join(single)}. The clip trains; no validation clip of "
            "these classes helps to choose the learning rate and the temperature."
        )
    try:
        rows, valid_rows = draw_valid(targets[free], seed) if len(free) else (free, free)
    except ValueError:
        # Of clips with several labels there may be no tenth with all of them.
        order = np.random.default_rng((seed, 2)).permutation(len(free))
        count = len(free) // 10
        rows, valid_rows = np.sort(order[count:]), np.sort(order[:count])
        notes.append("The validation clips, a tenth that was drawn, do not have all classes.")
    if not len(valid_rows):
        everything = np.arange(len(targets))
        notes.append(
            "No clip is left for validation: the training clips choose the learning rate themselves, the "
            "probabilities are not calibrated, and thresholds are 0.5."
        )
        return everything, everything, notes
    return np.sort(np.concatenate([free[rows], np.flatnonzero(in_single)])), free[valid_rows], notes


def _counts(targets, classes):
    if targets.ndim == 2:
        return targets.sum(axis=0).astype(int)
    return np.bincount(targets, minlength=classes)
