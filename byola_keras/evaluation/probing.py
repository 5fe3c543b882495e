"""Probes of the embeddings of a task: each kind of `--probe`, over all folds and all windows."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from byola_keras.evaluation import metrics
from byola_keras.evaluation.choices import AUTHORS, FEW_SHOT, KNN, SEARCH
from byola_keras.evaluation.few_shot import DRAWS, SHOTS, few_shot_probe
from byola_keras.evaluation.knn import knn_probe
from byola_keras.evaluation.probe import LEARNING_RATES
from byola_keras.evaluation.retrieval import retrieval_map
from byola_keras.evaluation.standardised import Scale
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_probe import TaskScores, labelled_rounds, metric_of, probe_task


class Probed(NamedTuple):
    """Probes of one kind on a task.

    Attributes:
        about: what the record of the result says of them: "probe", and "learning_rate", "shots" and so on.
        outcomes: what they said, for each window.
    """

    about: dict
    outcomes: list[TaskScores]

    @property
    def joined(self) -> TaskScores:
        """The outcome of all windows; `values` is [windows, seeds]."""
        first = self.outcomes[0]
        return TaskScores(
            first.metric,
            np.stack([outcome.values for outcome in self.outcomes]),
            [rate for outcome in self.outcomes for rate in outcome.learning_rates],
            np.concatenate([outcome.scores for outcome in self.outcomes]),
            first.targets,
        )

    def mean_and_interval(self, measure: Callable[[np.ndarray, np.ndarray], float]) -> tuple[float, float]:
        """Mean and interval over windows and seeds of a measure of scores [clips, classes] and targets."""
        return metrics.mean_and_interval(
            [[measure(scores, outcome.targets) for scores in outcome.scores] for outcome in self.outcomes]
        )


def probe_windows(
    task: Task,
    embeddings: Sequence[np.ndarray],
    probe: str,
    learning_rate: str | float,
    seeds: Sequence[int],
) -> list[Probed]:
    """Probes the embeddings of a task.

    Args:
        task: the task with its labels.
        embeddings: for each window that was drawn float32 [clips, D], in the order of `task.clips`.
        probe: one of `choices.PROBES`.
        learning_rate: of linear probes, as `learning_rates` takes it.
        seeds: seeds of linear probes.

    Returns:
        One for each number of shots of few-shot probes, else one.
    """
    about = {"probe": probe}
    if probe == FEW_SHOT:
        _note_small_classes(task)
        of_windows = [_few_shot(task, window) for window in embeddings]
        return [
            Probed(about | {"shots": shots, "draws": DRAWS}, list(outcomes))
            for shots, outcomes in zip(SHOTS, zip(*of_windows, strict=True), strict=True)
        ]
    if probe == KNN:
        outcomes = [_knn(task, window) for window in embeddings]
        about["neighbours"] = [k for outcome in outcomes for k in outcome.neighbours]
        return [Probed(about, outcomes)]
    rates = learning_rates(task, learning_rate)
    outcomes = [probe_task(task, window, rates, seeds) for window in embeddings]
    about["learning_rate"] = [rate for outcome in outcomes for rate in outcome.learning_rates]
    about |= {"learning_rate_choice": str(learning_rate), "seeds": list(seeds)}
    return [Probed(about, outcomes)]


def _knn(task, embeddings):
    results, tested = [], []
    for numbers, parts in labelled_rounds(task, embeddings):
        folds = np.array([task.clips[number].fold for number in numbers["train"]])
        results.append(knn_probe(*parts, len(task.classes), folds))
        tested.append(parts.test.targets)
    return TaskScores(
        metric_of(task),
        np.array([np.mean([result.test for result in results])]),
        [],
        np.concatenate([result.scores for result in results])[None],
        np.concatenate(tested),
        [result.neighbours for result in results],
    )


def _few_shot(task, embeddings):
    """An outcome for each number of shots."""
    of_folds, tested = [], []
    for _, parts in labelled_rounds(task, embeddings):
        of_folds.append(few_shot_probe(parts.train, parts.test, len(task.classes)))
        tested.append(parts.test.targets)
    outcomes = []
    for results in zip(*of_folds, strict=True):
        values = np.mean([result.values for result in results], axis=0)
        kept = min(len(result.scores) for result in results)
        scores = np.concatenate([result.scores[:kept] for result in results], axis=1)
        outcomes.append(TaskScores(metric_of(task), values, [], scores, np.concatenate(tested)))
    return outcomes


def _note_small_classes(task):
    smallest = min(
        sum(label in task.clips[number].labels for number in numbers["train"])
        for numbers in task.rounds()
        for label in task.classes
    )
    if smallest < max(SHOTS):
        logging.warning(
            "%s: a class has %d training clips; with more shots than that a class gives all it has.",
            task.title,
            smallest,
        )


def retrieval(task: Task, embeddings: Sequence[np.ndarray]) -> tuple[float, float]:
    """Mean average precision of retrieval, see `retrieval_map`, and its interval over the windows.

    Args:
        task: the task; with folds, the mean over the test clips of each.
        embeddings: for each window that was drawn float32 [clips, D].
    """
    values = [
        np.mean(
            [
                retrieval_map(parts.test, Scale.of(parts.train.embeddings))
                for _, parts in labelled_rounds(task, window)
            ]
        )
        for window in embeddings
    ]
    return metrics.mean_and_interval(values)


def learning_rates(task: Task, choice: str | float) -> tuple[float, ...]:
    """The learning rates among which the linear probes of a task choose.

    Raises:
        ValueError: the authors' evaluation code has no rate for the task, or the choice is none of these.
    """
    if choice == SEARCH:
        return LEARNING_RATES
    if choice == AUTHORS:
        if task.learning_rate is None:
            raise ValueError(
                f"`learning_rate` can be {AUTHORS!r} for the paper's tasks only. Received: "
                f"learning_rate={choice!r} for {task.name}; take {SEARCH!r} or a number."
            )
        return (task.learning_rate,)
    try:
        rate = float(choice)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1:
        raise ValueError(
            f"`learning_rate` must be {SEARCH!r}, {AUTHORS!r} or a number between 0 and 1. Received: "
            f"learning_rate={choice!r}"
        )
    return (rate,)
