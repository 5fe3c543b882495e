"""What a search has found: the best parameters as a flagfile, all trials as a table, and a chart."""

import csv
import io
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np

from byola_keras.ablation import search_space
from byola_keras.ablation.search import RUN, Search, trial_folder
from byola_keras.atomic import write_text
from byola_keras.evaluation import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST_FILE, TABLE_STEM, CHART_FILE = "best.flags", "trials", "importances.png"
# With fewer, importances are accidents.
_FEWEST_TRIALS = 8


def write_report(study, search: Search) -> str:
    """Writes `best.flags`, `trials.md`, `trials.csv` and `importances.png`, as far as there is something to
    tell.

    Args:
        study: an `optuna.Study`, see `open_study`.
        search: the search.

    Returns:
        The table, as Markdown.
    """
    trials = _ranked(study)
    text = _markdown(trials, search)
    write_text(os.path.join(search.output_dir, f"{TABLE_STEM}.md"), text)
    write_text(os.path.join(search.output_dir, f"{TABLE_STEM}.csv"), _csv(trials))
    complete = [trial for trial in trials if trial.state.name == "COMPLETE"]
    if complete:
        write_text(os.path.join(search.output_dir, BEST_FILE), _flagfile(complete[0], trials, search))
    if len(complete) >= _FEWEST_TRIALS:
        chart = importance_chart(_importances(study), complete)
        plots.save(chart, os.path.join(search.output_dir, CHART_FILE))
    return text


def importance_chart(importances: dict[str, float], complete) -> "Figure":
    """Draws how much each parameter matters, and the scores over the values of each.

    Args:
        importances: share of each parameter; they sum up to 1.
        complete: finished trials that were not pruned, each an `optuna.trial.FrozenTrial`.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = sorted(importances, key=importances.get, reverse=True)
    columns = 2 + (len(names) + 1) // 2
    figure = Figure(figsize=(3.2 + 2.2 * (columns - 1), 5.2), layout="constrained")
    grid = figure.add_gridspec(2, columns)
    bars = figure.add_subplot(grid[:, :2])
    places = np.arange(len(names))[::-1]
    bars.barh(places, [importances[name] for name in names], color="C0")
    bars.set_yticks(places, names)
    bars.set_xlabel("importance (fANOVA)")
    bars.grid(axis="x", alpha=0.3)
    bars.set_axisbelow(True)
    scores = [trial.value for trial in complete]
    for number, name in enumerate(names):
        axes = figure.add_subplot(grid[number % 2, 2 + number // 2])
        axes.scatter([trial.params[name] for trial in complete], scores, s=14, color="C0", alpha=0.7)
        parameter = search_space.PARAMETERS[name]
        axes.axvline(parameter.printed, color="C1", linewidth=1.0)
        margin = 0.04 * (parameter.high - parameter.low)
        axes.set_xlim(parameter.low - margin, parameter.high + margin)
        axes.set_title(name, fontsize="medium")
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        if number <= 1:
            axes.set_ylabel("score (%)")
    figure.suptitle(
        f"Search over the augmentation: {len(complete)} trials that were not pruned; lines mark the paper's "
        "values",
        fontsize="medium",
    )
    return figure


def _importances(study):
    from optuna import importance  # noqa: PLC0415

    found = importance.get_param_importances(study, evaluator=importance.FanovaImportanceEvaluator(seed=0))
    return {name: float(found.get(name, 0.0)) for name in search_space.PARAMETERS}


def _ranked(study):
    """Trials from the best on: first by the steps that they reached, then by their last score."""
    trials = [trial for trial in study.get_trials() if trial.state.name != "WAITING"]
    return sorted(trials, key=lambda trial: (-_steps(trial), -_score(trial), trial.number))


def _steps(trial):
    return max(trial.intermediate_values, default=0)


def _score(trial):
    return trial.intermediate_values.get(_steps(trial), float("-inf"))


_STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "RUNNING": "under way", "FAIL": "failed"}
_HEADS = ("trial", "state", "steps", "score", *search_space.PARAMETERS)


def _cells(trial):
    score = f"{_score(trial):.2f}" if trial.intermediate_values else ""
    values = [f"{trial.params[name]:g}" if name in trial.params else "" for name in search_space.PARAMETERS]
    return [str(trial.number), _STATES[trial.state.name], str(_steps(trial)), score, *values]


def _markdown(trials, search):
    counts = [f"{sum(t.state.name == state for t in trials)} {word}" for state, word in _STATES.items()]
    lines = [
        "# Search over the parameters of the augmentation",
        "",
        "Section IV-B2 of the paper, whose values trial 0 has. Scores are means over the tasks, in percent, "
        f"after the steps of the column: {_said(search)}. Trials: {', '.join(counts)}.",
        "",
        f"| {' | '.join(_HEADS)} |",
        f"|{'---|' * len(_HEADS)}",
        *(f"| {' | '.join(_cells(trial))} |" for trial in trials),
        "",
        *(f"- {name}: {parameter.meaning}." for name, parameter in search_space.PARAMETERS.items()),
    ]
    return "\n".join(lines) + "\n"


def _csv(trials):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_HEADS, *map(_cells, trials)])
    return text.getvalue()


def _flagfile(best, trials, search):
    ended = sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in trials)
    lines = [
        f"# The best augmentation of {ended} trials: trial {best.number}, {best.value:.2f} % after "
        f"{search.steps[-1]} steps.",
        f"# How trials were made: {_said(search)}.",
        "# Command: byola pretrain --flagfile=best.flags --audio_dir=SOUNDS --workdir=RUN",
        f"--augmentation={search_space.augmentation(best.params)}",
    ]
    return "\n".join(lines) + "\n"


def _said(search):
    return ", ".join(f"{name}={value}" for name, value in search.settings.items())


def remove_checkpoints(study, search: Search) -> None:
    """Removes the checkpoints of trials that are finished: 0.4 GB each at full size, and of no more use."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state.is_finished():
            folder = os.path.join(trial_folder(search.output_dir, trial.number), RUN, "checkpoints")
            shutil.rmtree(folder, ignore_errors=True)
