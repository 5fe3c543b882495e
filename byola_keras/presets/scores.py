"""What the model card of a preset says of its scores, from a `results.csv` of `byola evaluate`."""

import csv
import math
from typing import NamedTuple

from byola_keras.evaluation.choices import FEW_SHOT, LINEAR

UNTRAINED, LOG_MEL = "random", "logmel_stats"
_UNTRAINED_TITLE = "untrained encoder"
_AVERAGE = "average"
# Labelled clips of each class in the few-shot scores of the card.
SHOTS = 5


class Score(NamedTuple):
    """A score in percent with half the width of its interval."""

    mean: float
    interval: float

    def __str__(self):
        return f"{self.mean:.1f} ± {self.interval:.1f}"


def read_scores(path: str, models: dict[str, str], probe: str = LINEAR) -> dict[str, dict[str, Score]]:
    """Reads the scores of some models, by linear or few-shot probes on their embeddings.

    Args:
        path: of a `results.csv`.
        models: model, as the columns "model" or "label" have it -> title in the card.
        probe: "linear", or "few_shot", of which the scores with `SHOTS` clips of each class are taken.

    Returns:
        title -> title of the task -> score, for the tasks that all these models have, in the order of the
        file; the last one is "average".

    Raises:
        ValueError: a model has no row, two rows for a task or a row without an interval, or no task is common
            to all.
    """
    scores = {title: {} for title in models.values()}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            title = models.get(row["model"]) or models.get(row["label"])
            if title and _is_measured(row, probe):
                _add(scores[title], row)
    missing = [model for model, title in models.items() if not scores[title]]
    if missing:
        raise ValueError(
            f"`results` must have a measured row of the probe {probe} for each model. Received: "
            f"results={path!r} without {', '.join(map(repr, missing))}"
        )
    first = next(iter(scores.values()))
    tasks = [task for task in first if all(task in of_model for of_model in scores.values())]
    if not tasks:
        raise ValueError(f"The models must have a task in common. Received: results={path!r}, none")
    return {title: _with_average([(task, found[task]) for task in tasks]) for title, found in scores.items()}


def table(scores: dict[str, dict[str, Score]]) -> list[dict[str, str]]:
    """A row for each task, and one for the average, with a column for each model."""
    tasks = next(iter(scores.values()))
    return [{"task": task, **{title: str(found[task]) for title, found in scores.items()}} for task in tasks]


def has_few_shot(path: str) -> bool:
    """Whether a `results.csv` has few-shot scores with `SHOTS` clips of each class."""
    with open(path, encoding="utf-8", newline="") as file:
        return any(_is_measured(row, FEW_SHOT) for row in csv.DictReader(file))


def summary(name: str, scores: dict[str, dict[str, Score]], probe: str = LINEAR) -> str:
    """The first sentences of the card: the average beside that of each other model, and where it is worse.

    Args:
        name: title of the preset among the scores.
        scores: as `read_scores` gives them.
        probe: which probe they are of.
    """
    own = scores[name]
    kind = (
        "Linear probes" if probe == LINEAR else f"Few-shot probes with {SHOTS} labelled clips of each class"
    )
    lines = [f"{kind} on {len(own) - 1} tasks, average in percent: {name} {own[_AVERAGE]}."]
    for title, found in scores.items():
        if title != name:
            lines.append(f"{_compared(own[_AVERAGE], found[_AVERAGE])} the {title} ({found[_AVERAGE]}).")
    untrained = scores.get(_UNTRAINED_TITLE, {})
    worse = [
        f"{task} ({score} against {untrained[task]})"
        for task, score in own.items()
        if task in untrained and score.mean + score.interval < untrained[task].mean
    ]
    if untrained:
        where = ", ".join(worse) or "none"
        lines.append(f"Tasks below the untrained encoder by more than the interval: {where}.")
    return " ".join(lines)


def titles(name: str, model: str, papers: str | None = None) -> dict[str, str]:
    """What `read_scores` takes for a preset beside the baselines.

    Args:
        name: of the preset.
        model: the preset, as the results call it.
        papers: an encoder that was trained by the paper's recipe, as the results call it.
    """
    found = {model: name, UNTRAINED: _UNTRAINED_TITLE, LOG_MEL: "log-mel mean and deviation"}
    return {**found, papers: "paper's recipe"} if papers else found


def _is_measured(row, probe):
    # Results from before there were other probes do not name theirs.
    is_wanted = (row.get("probe") or LINEAR) == probe and (probe == LINEAR or row.get("shots") == str(SHOTS))
    return is_wanted and row["source"] == "measured" and not row.get("layer")


def _add(scores, row):
    task, interval = row["title"], row["interval_percent"]
    if task in scores:
        raise ValueError(
            "`results` must have one row a model and task. Received: two of "
            f"{row['label']!r} for {task!r}; name the one that is meant by its label."
        )
    if not interval or math.isnan(float(interval)):
        raise ValueError(
            f"Scores must have intervals. Received: none for {row['label']!r} in {task!r}; evaluate with "
            "several seeds."
        )
    scores[task] = Score(float(row["mean_percent"]), float(interval))


def _with_average(scores):
    """The scores with their average, whose interval takes the errors of the tasks as independent."""
    mean = sum(score.mean for _, score in scores) / len(scores)
    interval = math.sqrt(sum(score.interval**2 for _, score in scores)) / len(scores)
    return {**dict(scores), _AVERAGE: Score(mean, interval)}


def _compared(one, other):
    apart = abs(one.mean - other.mean) > one.interval + other.interval
    if not apart:
        return "Its interval overlaps with that of"
    return "By intervals that do not touch it is above" if one.mean > other.mean else "It is BELOW"
