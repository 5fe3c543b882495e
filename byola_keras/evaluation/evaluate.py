"""The evaluation from top to bottom: tasks and models in, results file, tables and charts out."""

import contextlib
import dataclasses
import time
from collections.abc import Sequence

from absl import logging

from byola_keras.evaluation import details, metrics, plots, records, results
from byola_keras.evaluation.choices import AUTHORS, SEARCH, WINDOW
from byola_keras.evaluation.embeddings import embed_task
from byola_keras.evaluation.probe import LEARNING_RATES, SEEDS
from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.evaluation.representations.representation import Representation, RepresentationError
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_probe import probe_task
from byola_keras.evaluation.tasks import TASKS, fsd50k, load_task
from byola_keras.evaluation.tasks.fsd50k_subsets import SUBSETS, subset_scores

_FSD50K = "fsd50k"


@dataclasses.dataclass(frozen=True)
class Options:
    """How tasks are evaluated.

    Attributes:
        output_dir: folder of results and tables.
        cache_dir: folder of the embeddings.
        protocol: "window" or "whole_clip", see `Windows`.
        learning_rate: how the learning rate of the probe is chosen: "search" (the best on the validation
            clips of five between 1e-5 and 1e-2; the paper searched that range by hand, Section IV-A1),
            "authors" (the rate that the authors' evaluation code has for the task) or a number.
        seeds: seeds of the probes, one probe each. The windows and the drawn splits are always the same.
    """

    output_dir: str
    cache_dir: str
    protocol: str = WINDOW
    learning_rate: str | float = SEARCH
    seeds: Sequence[int] = SEEDS


def evaluate(
    models: Sequence[str],
    specs: Sequence[str],
    data_dir: str,
    options: Options,
    split_csv: str | None = None,
    check_counts: bool = True,
) -> str:
    """Evaluates models on tasks and adds each result to `results.jsonl` as it comes.

    Args:
        models: representations, each as `load_representation` takes it.
        specs: tasks, each as `load_task` takes it.
        data_dir: folder of the data sets, see `load_task`.
        options: how they are evaluated.
        split_csv: split of the tasks that take one, see `load_task`.
        check_counts: whether copies with other counts are refused, see `load_task`.

    Returns:
        The table of all results in the folder, as Markdown; see `results.summarize` for the files.

    Raises:
        FileNotFoundError, ValueError: a model or task is not there or not as it must be. All are looked at
            before the first is evaluated.
        ImportError: matplotlib or what a model needs is not installed.
        UnfinishedError: a model failed at a task. All other results are there.
    """
    plots.check_installed()
    how = {"check_counts": check_counts, "cache_dir": options.cache_dir}
    # A split is for the tasks that take one, whatever else is evaluated beside them.
    splittable = [name for name, official in TASKS.items() if official.takes_split_csv]
    tasks = [load_task(spec, data_dir, split_csv if spec in splittable else None, **how) for spec in specs]
    check_names(tasks, records.load(options.output_dir))
    for task in tasks:
        learning_rates(task, options.learning_rate)
    failures = []
    with contextlib.ExitStack() as opened:
        loaded = {}
        for model in dict.fromkeys(models):
            loaded[model] = load_representation(model)
            opened.callback(loaded[model].close)
        for model, representation in loaded.items():
            failures += _evaluate_model(model, representation, tasks, options)
            representation.close()
    if failures:
        raise UnfinishedError(failures, options.output_dir)
    return results.summarize(options.output_dir)


class UnfinishedError(RuntimeError):
    """Some results are missing, as their models failed; the text says which and why.

    Args:
        failures: a sentence for each.
        output_dir: folder of the results, whose tables are made of all others.

    Attributes:
        table: Markdown of the other results, see `results.summarize`; empty if there are none.
    """

    def __init__(self, failures: Sequence[str], output_dir: str):
        super().__init__(f"Results are missing: {' '.join(failures)}")
        self.table = results.summarize(output_dir) if records.load(output_dir) else ""


def _evaluate_model(model, representation, tasks, options):
    """Evaluates a model on all tasks, and returns a sentence for each at which it failed."""
    failures = []
    for task in tasks:
        try:
            found = evaluate_task(task, model, representation, options)
        except RepresentationError as error:
            failures.append(f"{task.title}: {error}")
            logging.error("%s", failures[-1])
            continue
        for record in found:
            records.append(options.output_dir, record)
            logging.info("%s", in_words(record))
    return failures


def evaluate_task(task: Task, model: str, representation: Representation, options: Options) -> list[dict]:
    """Embeds and probes one task.

    Writes the table of its classes, the predictions and the confusion matrix to `details/` of the results'
    folder.

    Returns:
        The record for `results.append`; for FSD50K also those of its three subsets.

    Raises:
        RepresentationError: the model failed.
    """
    began = time.monotonic()
    embeddings = embed_task(task, representation, options.cache_dir, options.protocol)
    embedded = time.monotonic()
    rates = learning_rates(task, options.learning_rate)
    outcome = probe_task(task, embeddings, rates, options.seeds)
    record = {
        "task": task.name,
        "title": task.title,
        "task_file": task.file,
        "model": model,
        "model_name": representation.name,
        **_scored(outcome.metric, outcome.values),
        "protocol": options.protocol,
        "comparable": task.comparable,
        "learning_rate": outcome.learning_rates,
        "learning_rate_choice": str(options.learning_rate),
        "seeds": list(options.seeds),
        "clips": len(task.clips),
        "classes": len(task.classes),
        "seconds": {"embed": embedded - began, "probe": time.monotonic() - embedded},
    }
    if task.multi_label:
        auc = [metrics.mean_roc_auc(scores, outcome.targets) for scores in outcome.scores]
        record |= _with_auc(auc)
    details.write(options.output_dir, record, task, outcome)
    # A copy that lacks classes lacks subsets.
    with_subsets = task.name == fsd50k.TASK.name and task.comparable
    return [record, *_subsets(task, outcome, record)] if with_subsets else [record]


def _scored(metric, values):
    mean, interval = metrics.mean_and_interval(values)
    return {"metric": metric, "mean": mean, "ci95": interval, "scores": values}


def _with_auc(values):
    return dict(zip(("auc", "auc_ci95"), metrics.mean_and_interval(values), strict=True))


def _subsets(task, outcome, record):
    for subset, of_subset in subset_scores(outcome.scores, outcome.targets, task.classes).items():
        yield {
            **record,
            "task": f"{task.name}_{subset}",
            "title": f"{task.title} {subset.replace('_', ' ')}",
            **_scored(outcome.metric, of_subset[outcome.metric]),
            **_with_auc(of_subset["auc"]),
            "classes": len(SUBSETS[subset]),
            "seconds": {},
        }


def learning_rates(task: Task, choice: str | float) -> tuple[float, ...]:
    """The learning rates among which the probes of a task choose.

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


def in_words(record: dict) -> str:
    """A result as a line of the log."""
    interval = "" if record["ci95"] != record["ci95"] else f" +- {100 * record['ci95']:.1f}"
    auc = f", AUC {100 * record['auc']:.1f} %" if "auc" in record else ""
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in record["seconds"].items())
    seconds = f" ({seconds})" if seconds else ""
    return (
        f"{record['model']} on {record['title']}: {record['metric'].replace('_', ' ')} "
        f"{100 * record['mean']:.1f}{interval} %{auc}{seconds}."
    )


def check_names(tasks: Sequence[Task], records: Sequence[dict]) -> None:
    """Refuses two tasks of one name, which would take each other's place in the table.

    Args:
        tasks: to be evaluated.
        records: what the folder of results has already.

    Raises:
        ValueError: two tasks from different files have one name.
    """
    files = {record["task"]: record["task_file"] for record in records if "task_file" in record}
    for task in tasks:
        known = files.setdefault(task.name, task.file)
        if known != task.file:
            raise ValueError(
                f"Tasks in one folder of results must have different names. Received: {task.file} and "
                f"{known}, both called {task.name}; rename one of the files, or take another output_dir."
            )
