"""The evaluation from top to bottom: tasks and models in, results file, tables and charts out."""

import contextlib
import math
from collections.abc import Sequence

from absl import logging

from byola_keras.evaluation import plots, records, results
from byola_keras.evaluation.choices import LINEAR
from byola_keras.evaluation.probing import learning_rates
from byola_keras.evaluation.representations.layers import with_layers
from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.evaluation.representations.representation import RepresentationError
from byola_keras.evaluation.task import Task
from byola_keras.evaluation.task_evaluation import Options, evaluate_task
from byola_keras.evaluation.tasks import TASKS, load_task


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
    for task in tasks if LINEAR in options.probes else ():
        learning_rates(task, options.learning_rate)
    failures = []
    with contextlib.ExitStack() as opened:
        loaded = {}
        for model in dict.fromkeys(models):
            loaded[model] = load_representation(model)
            opened.callback(loaded[model].close)
            if options.layers:
                loaded[model] = with_layers(loaded[model], options.layers)
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
        super().__init__(
            f"Results are missing: {' '.join(failures)} Where the tables show these models, it is what "
            "earlier commands have found."
        )
        self.table = results.summarize(output_dir) if records.load(output_dir) else ""


def _evaluate_model(model, representation, tasks, options):
    """Evaluates a model on all tasks, and returns a sentence for each at which it failed."""
    failures = []
    for task in tasks:
        try:
            for record in evaluate_task(task, model, representation, options):
                records.append(options.output_dir, record)
                logging.info("%s", in_words(record))
        except RepresentationError as error:
            failures.append(f"{task.title}: {error}")
            logging.error("%s", failures[-1])
    return failures


def in_words(record: dict) -> str:
    """A result as a line of the log."""
    model = ", ".join([record["model"], *records.Setting.of(record).unusual_words()])
    metric = f"{record['metric'].replace('_', ' ')} {_percent(record['mean'])}{_interval(record['ci95'])} %"
    found = [
        f"{name} {_percent(record[key])} %"
        for key, name in records.OTHER_MEASURES.items()
        if _is_number(record.get(key))
    ]
    seconds = ", ".join(f"{stage} {value:.1f} s" for stage, value in record["seconds"].items())
    return f"{model} on {record['title']}: {', '.join([metric, *found])}{f' ({seconds})' if seconds else ''}."


def _percent(share):
    return f"{100 * share:.1f}"


def _interval(half_width):
    return f" +- {_percent(half_width)}" if _is_number(half_width) else ""


def _is_number(value):
    return value is not None and not math.isnan(value)


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
