"""A task probed from its embeddings: all its folds, all seeds, and what the tables of its classes show."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from byola_keras.evaluation import metrics
from byola_keras.evaluation.probe import BATCH_SIZE, MAX_EPOCHS, PATIENCE, Labelled, linear_probe
from byola_keras.evaluation.task import SPLITS, Task

# With fewer steps, as 200 epochs of some hundred clips are, pitches of notes were told 3 points worse.
_MIN_STEPS, _MOST_EPOCHS = 2_000, 500


@dataclasses.dataclass
class TaskScores:
    """How well the probes of a task did.

    Attributes:
        metric: name of the metric, "accuracy" or "mean_average_precision".
        values: the metric of each seed, the mean over the folds, between 0 and 1, float64 [seeds]; over
            several windows float64 [windows, seeds].
        learning_rates: the learning rate that was chosen in each fold; one for a task with splits, none for
            a probe that has no learning rate.
        scores: scores of the test clips of all folds, one fold after the other, float32 [seeds, clips,
            classes].
        targets: what these clips are: class numbers [clips], or 0 and 1 [clips, classes].
        neighbours: the k that k-NN chose in each fold; none for other probes.
    """

    metric: str
    values: np.ndarray
    learning_rates: list[float]
    scores: np.ndarray
    targets: np.ndarray
    neighbours: list[int] = dataclasses.field(default_factory=list)


def probe_task(
    task: Task,
    embeddings: np.ndarray,
    learning_rates: Sequence[float],
    seeds: Sequence[int],
    max_epochs: int | None = None,
) -> TaskScores:
    """Trains and tests linear probes on each fold, or on the one split, of a task.

    The paper's tasks train for at most 200 epochs with a patience of 20 (Section IV-A1). A task of one's own
    has enough epochs for 2,000 steps, from 200 up to 500, and beyond 200 a patience of a quarter of them.

    Args:
        task: the task with its labels.
        embeddings: float32 [clips, D], in the order of `task.clips`.
        learning_rates: to choose from, by the validation clips of each fold.
        seeds: seeds of the probes.
        max_epochs: passes over the training clips at most, instead of those above; the patience is 20 then.
    """
    results, tested = [], []
    for numbers, parts in labelled_rounds(task, embeddings):
        result = linear_probe(
            *parts,
            len(task.classes),
            learning_rates,
            seeds,
            *epochs_and_patience(task, len(numbers["train"]), max_epochs),
        )
        results.append(result)
        tested.append(parts.test.targets)
    return TaskScores(
        metric_of(task),
        np.mean([result.test[:, result.chosen] for result in results], axis=0),
        [result.learning_rates[result.chosen] for result in results],
        np.concatenate([result.scores for result in results], axis=1),
        np.concatenate(tested),
    )


class Parts(NamedTuple):
    """The labelled embeddings of a round; `valid` is None where there are no validation clips."""

    train: Labelled
    valid: Labelled | None
    test: Labelled


def labelled_rounds(task: Task, embeddings: np.ndarray) -> Iterator[tuple[dict[str, list[int]], Parts]]:
    """Yields the numbers of the clips of each round of a task, see `Task.rounds`, and their embeddings.

    Args:
        task: the task with its labels.
        embeddings: float32 [clips, D], in the order of `task.clips`.
    """
    targets = targets_of(task)
    for numbers in task.rounds():
        parts = [_part(embeddings, targets, numbers[split]) if numbers[split] else None for split in SPLITS]
        yield numbers, Parts(*parts)


def metric_of(task: Task) -> str:
    """Name of the metric of a task."""
    return "mean_average_precision" if task.multi_label else "accuracy"


def class_table(task: Task, outcome: TaskScores) -> list[dict]:
    """A row for each class, means over the seeds: clips tested, and accuracy or average precision and AUC."""
    if task.multi_label:
        precision = np.mean([metrics.average_precision(s, outcome.targets) for s in outcome.scores], axis=0)
        auc = np.mean([metrics.roc_auc(s, outcome.targets) for s in outcome.scores], axis=0)
        columns = {
            "clips": outcome.targets.sum(axis=0).astype(int),
            "average_precision": precision,
            "auc": auc,
        }
    else:
        matrix = confusion(outcome)
        clips = matrix.sum(axis=1)
        hits = np.divide(np.diag(matrix), clips, out=np.full(len(clips), np.nan), where=clips > 0)
        columns = {"clips": clips // len(outcome.scores), "accuracy": hits}
    rows = zip(task.classes, *columns.values(), strict=True)
    return [dict(zip(("class", *columns), row, strict=True)) for row in rows]


def confusion(outcome: TaskScores) -> np.ndarray:
    """Test clips by true and predicted class, summed over the seeds, int64 [classes, classes]."""
    return sum(metrics.confusion_matrix(scores, outcome.targets) for scores in outcome.scores)


def epochs_and_patience(task: Task, clips: int, max_epochs: int | None = None) -> tuple[int, int]:
    """Epochs of a probe at most, and its patience, see `probe_task`; `clips` are those of the training."""
    if max_epochs or task.learning_rate is not None:
        return max_epochs or MAX_EPOCHS, PATIENCE
    epochs = math.ceil(_MIN_STEPS / math.ceil(clips / BATCH_SIZE))
    epochs = min(max(MAX_EPOCHS, epochs), _MOST_EPOCHS)
    return epochs, epochs // 4 if epochs > MAX_EPOCHS else PATIENCE


def targets_of(task: Task) -> np.ndarray:
    """What the clips of a task are: class numbers [clips], or 0 and 1, float32 [clips, classes]."""
    number = {label: index for index, label in enumerate(task.classes)}
    if not task.multi_label:
        return np.array([number[clip.labels[0]] for clip in task.clips])
    targets = np.zeros((len(task.clips), len(number)), np.float32)
    for row, clip in zip(targets, task.clips, strict=True):
        row[[number[label] for label in clip.labels]] = 1
    return targets


def _part(embeddings, targets, numbers):
    # Neighbours stay where they are, in a file that may be larger than the memory.
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        numbers = slice(numbers[0], numbers[-1] + 1)
    return Labelled(embeddings[numbers], targets[numbers])
