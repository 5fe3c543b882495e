"""A table of ablations beside the paper's: Markdown, CSV and a chart."""

import csv
import dataclasses
import io
import os
from collections.abc import Sequence

import numpy as np

from byola_keras.ablation.bench import Bench, Job
from byola_keras.ablation.charts import difference_chart
from byola_keras.ablation.scales import Scale
from byola_keras.ablation.tables import Row, Table
from byola_keras.atomic import write_text
from byola_keras.evaluation import plots
from byola_keras.evaluation.metrics import mean_and_interval


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came out of a row.

    Attributes:
        row: the row.
        averages: average over the tasks of each seed, in percent.
        by_task: mean over the seeds by the name of the task, in percent.
    """

    row: Row
    averages: tuple[float, ...]
    by_task: dict[str, float]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.averages))

    @property
    def interval(self) -> float:
        """Half the width of the 95 % interval over the seeds; NaN for one seed."""
        return mean_and_interval(self.averages)[1]

    def difference(self, base: "Outcome") -> tuple[float, float]:
        """Difference to another row, and half the width of its 95 % interval.

        Runs of one seed hear the sound in the same order, and many start from the same weights: differences
        are taken seed by seed. The interval is NaN where one row lacks seeds, unless it is an encoder without
        training, of which there is one.
        """
        counts = {len(self.averages), len(base.averages)}
        single = len(counts) == 2 and not (self.row.trained and base.row.trained)  # noqa: PLR2004
        if len(counts) > 1 and not single:
            return self.mean - base.mean, float("nan")
        return mean_and_interval(np.subtract(self.averages, base.averages))


def outcomes(bench: Bench, jobs: Sequence[Job]) -> list[Outcome]:
    """The rows whose jobs have a score on every task, in the order of the jobs."""
    found = {}
    for job in jobs:
        of_job = bench.scores(job)
        if len(of_job) == len(bench.tasks):
            found.setdefault(job.row.name, (job.row, []))[1].append(of_job)
    rows = dict.fromkeys(job.row.name for job in jobs)
    return [_outcome(*found[name]) for name in rows if name in found]


def _outcome(row, of_seeds):
    averages = tuple(float(np.mean(list(of_seed.values()))) for of_seed in of_seeds)
    by_task = {name: float(np.mean([of_seed[name] for of_seed in of_seeds])) for name in of_seeds[0]}
    return Outcome(row, averages, by_task)


def rank_correlation(ours: Sequence[float], printed: Sequence[float]) -> float:
    """Spearman's rank correlation of two columns; ties share their mean rank. NaN for fewer than three
    rows.
    """
    if len(ours) < 3:  # noqa: PLR2004
        return float("nan")
    ranks = [_ranks(np.asarray(column)) for column in (ours, printed)]
    deviations = [rank - rank.mean() for rank in ranks]
    norm = np.prod([np.linalg.norm(deviation) for deviation in deviations])
    return float(deviations[0] @ deviations[1] / norm) if norm else float("nan")


def _ranks(column):
    return np.array([np.mean(np.flatnonzero(np.sort(column) == value)) for value in column])


def write_report(table: Table, found: Sequence[Outcome], scale: Scale, output_dir: str) -> str:
    """Writes `table_VI.md`, `table_VI.csv` and, where the base has results, `table_VI.png`.

    Returns:
        The Markdown.
    """
    stem = os.path.join(output_dir, f"table_{table.number}")
    text = _markdown(table, found, scale)
    write_text(f"{stem}.md", text)
    write_text(f"{stem}.csv", _csv(table, found))
    base = _base(table, found)
    others = [outcome for outcome in found if outcome is not base]
    if base and others:
        plots.save(difference_chart(table, base, others, _scale_words(table, scale)), f"{stem}.png")
    return text


def _base(table, found):
    return next((outcome for outcome in found if outcome.row.name == table.base), None)


def _scale_words(table, scale):
    if scale.is_the_papers:
        return "the paper's scale: FSD50K, 500 epochs, nine tasks"
    of_rows = {name for row in table.rows for name in row.flags}
    said = [name for name in _SAID if name in scale.flags and name not in of_rows]
    what = ", ".join(f"{name}={scale.flags[name]}" for name in said)
    return f"not the paper's scale: {what}"


_SAID = ("steps", "epochs", "global_batch_size", "learning_rate", "precision")


def _markdown(table, found, scale):
    base = _base(table, found)
    tasks = list(found[0].by_task) if found else []
    heads = ["row", "what", "ours", "difference", "paper", "difference", "seeds", *tasks]
    lines = [
        f"# Table {table.number}: {table.title}",
        "",
        f"{table.section} of the paper. Averages over the tasks in percent, with 95 % intervals over the "
        f"seeds; this is {_scale_words(table, scale)}.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
    ]
    for outcome in found:
        row, printed = outcome.row, table.row(table.base).printed
        mean = _with_interval(outcome.mean, outcome.interval)
        ours = "" if base in (None, outcome) else _with_interval(*outcome.difference(base), sign="+")
        theirs = "" if row.name == table.base or row.own else f"{row.printed - printed:+.{table.digits}f}"
        cells = [row.name, row.title, mean, ours, _printed(table, row), theirs]
        cells += [str(len(outcome.averages)), *(f"{outcome.by_task[task]:.1f}" for task in tasks)]
        lines.append(f"| {' | '.join(cells)} |")
    papers = [outcome for outcome in found if not outcome.row.own]
    correlation = rank_correlation([o.mean for o in papers], [o.row.printed for o in papers])
    if np.isfinite(correlation):
        lines += ["", f"Rank correlation between the two columns (Spearman): {correlation:.2f}."]
    missing = [row.name for row in table.rows if row.name not in {outcome.row.name for outcome in found}]
    if missing:
        lines += ["", f"Without results: {', '.join(missing)}."]
    return "\n".join(lines + (["", table.note] if table.note else [])) + "\n"


def _printed(table, row):
    return "" if row.own else f"{row.printed:.{table.digits}f}"


def _with_interval(mean, interval, sign=""):
    return f"{mean:{sign}.1f}" + (f" ± {interval:.1f}" if np.isfinite(interval) else "")


def _csv(table, found):
    text = io.StringIO()
    tasks = list(found[0].by_task) if found else []
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "row", "title", "mean", "ci95", "seeds", "printed", *tasks])
    for outcome in found:
        interval = f"{outcome.interval:.3f}" if np.isfinite(outcome.interval) else ""
        of_tasks = [f"{outcome.by_task[task]:.3f}" for task in tasks]
        start = [table.number, outcome.row.name, outcome.row.title, f"{outcome.mean:.3f}", interval]
        writer.writerow([*start, len(outcome.averages), _printed(table, outcome.row), *of_tasks])
    return text.getvalue()
