"""Results as text: the Markdown table that people read, and the CSV table that programs read."""

import csv
import io
import math
from typing import NamedTuple

import numpy as np

from byola_keras.evaluation import published
from byola_keras.evaluation.choices import FEW_SHOT, LINEAR, WINDOW
from byola_keras.evaluation.names import distinct_titles
from byola_keras.evaluation.published import PublishedRow
from byola_keras.evaluation.records import OTHER_MEASURES, Setting
from byola_keras.evaluation.representations.registry import DECLARATIONS

_AVERAGE = "average"
_AUC = "fsd50k_auc"
# The order of the columns; tasks of one's own come after them.
_ORDER = (*published.TASKS, _AVERAGE, *published.FSD50K_COLUMNS)
_CSV_FIELDS = (
    *("source", "model", "label", "protocol", "learning_rate_choice", "task", "title", "metric"),
    *("mean_percent", "interval_percent", "auc_percent", "learning_rate", "comparable", "clips", "seconds"),
    *("probe", "shots", "layer", "windows", "balanced_accuracy_percent", "retrieval_map_percent"),
)


class Row(NamedTuple):
    """Our results of one representation under one protocol and one choice of the learning rate.

    Attributes:
        model: as it was given to be evaluated.
        name: its short name, see `names.short_names`.
        label: what the tables call the row: the name, and the setting where a model has several.
        records: task -> record, see `records.FIELDS`.
    """

    model: str
    name: str
    label: str
    records: dict[str, dict]


class Cell(NamedTuple):
    """A score in the table.

    Attributes:
        mean: in percent.
        interval: half the width of its interval in percent; NaN if it is not known.
        marked: whether it does not compare with published numbers.
    """

    mean: float
    interval: float
    marked: bool


def markdown(rows: list[Row]) -> str:
    """The Markdown of `results.md`: our rows, the published rows below, and notes.

    Args:
        rows: at least one.
    """
    columns = headers(rows)
    table = [["Representation", *columns.values()]]
    table += [[row.label, *(_in_words(cell(row, column)) for column in columns)] for row in rows]
    table += [
        [published_name(row), *(_in_words(published_cell(row, column)) for column in columns)]
        for row in published_beside(titles(rows))
    ]
    return "\n".join([markdown_table(table), "", "\n\n".join(notes(rows))]) + "\n"


def markdown_table(table: list[list[str]]) -> str:
    """The Markdown of a table of texts, the header first, without a line break at its end."""
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in table]
    lines.insert(1, "|:--" + "|--:" * (len(table[0]) - 1) + "|")
    return "\n".join(lines)


def csv_text(rows: list[Row]) -> str:
    """The text of `results.csv`: a line for each representation and task, the published ones below."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_FIELDS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    names = titles(rows)
    for row in rows:
        for record in (row.records[task] for task in names if task in row.records):
            numbers = _csv_numbers(*in_percent(record))
            seconds = round(sum((record.get("seconds") or {}).values()), 3)
            for measure in OTHER_MEASURES:
                if record.get(measure) is not None:
                    numbers[f"{measure}_percent"] = round(100 * record[measure], 6)
            setting = Setting.of(record)._asdict()
            writer.writerow({**record, **setting, **numbers, "source": "measured", "seconds": seconds})
    for row in published_beside(names):
        source = "repeated by the paper" if row.reported else "published"
        for task in (task for task in names if task in row.scores):
            line = {"source": source, "model": row.model, "label": row.label, "task": task}
            line |= {"title": names[task], **_csv_numbers(*row.scores[task])}
            line["metric"] = "mean_average_precision" if task in published.FSD50K_COLUMNS else "accuracy"
            if task == "fsd50k":
                line["auc_percent"] = row.scores[_AUC][0]
            writer.writerow(line)
    return text.getvalue()


def titles(rows: list[Row]) -> dict[str, str]:
    """Task -> title, in the order of the columns, of all tasks that a row has."""
    found = {task: record["title"] for row in rows for task, record in row.records.items()}
    found = distinct_titles(found)
    order = [task for task in _ORDER if task in found]
    order += [task for task in found if task not in order]
    return {task: found[task] for task in order}


def published_beside(tasks) -> list[PublishedRow]:
    """The published rows that have a score in one of these tasks, BYOL-A's the last."""
    return [row for row in published.published_rows() if row.scores.keys() & set(tasks)]


def in_percent(record: dict) -> tuple[float, float]:
    """Mean and half width of the interval of a record in percent; NaN for an interval that is not known."""
    interval = math.nan if record["ci95"] is None else 100 * record["ci95"]
    return 100 * record["mean"], interval


def headers(rows: list[Row]) -> dict[str, str]:
    """Column -> header: the tasks, the average and the AUC where they are."""
    found = titles(rows)
    records = [record for row in rows for record in row.records.values()]
    # A task's metric is the same in all its records.
    metrics = {record["task"]: record["metric"] for record in records}
    columns = {
        task: title + (" (mAP)" if metrics[task] == "mean_average_precision" else "")
        for task, title in found.items()
    }
    if any(_has_average(row) for row in rows):
        columns[_AVERAGE] = "Average of nine"
    if any(record["task"] == "fsd50k" and record.get("auc") is not None for record in records):
        columns[_AUC] = f"{found['fsd50k']} (AUC)"
    order = [column for column in _ORDER if column in columns]
    return {column: columns[column] for column in [*order, *(task for task in found if task not in order)]}


def cell(row: Row, column: str) -> Cell | None:
    """Our score in a column of `headers`; None if the row has none there."""
    if column == _AVERAGE:
        return _average(row)
    record = row.records.get("fsd50k" if column == _AUC else column)
    if record is None:
        return None
    if column == _AUC:
        record = {**record, "mean": record.get("auc"), "ci95": record.get("auc_ci95")}
    return None if record["mean"] is None else Cell(*in_percent(record), not _comparable([record]))


def other_cell(row: Row, task: str, measure: str) -> Cell | None:
    """What was measured beside the metric of a task; None if it was not.

    Args:
        row: ours.
        task: one of `titles`.
        measure: field of records, one of `records.OTHER_MEASURES`.
    """
    record = row.records.get(task, {})
    if record.get(measure) is None:
        return None
    return Cell(*in_percent({"mean": record[measure], "ci95": record.get(f"{measure}_ci95")}), False)


def published_cell(row: PublishedRow, column: str) -> Cell | None:
    """A published score in a column of `headers`; None if it is not printed."""
    if column == _AVERAGE:
        return None if math.isnan(row.average) else Cell(row.average, math.nan, False)
    return Cell(*row.scores[column], False) if column in row.scores else None


def published_name(row: PublishedRow) -> str:
    """What the tables call a published row, with what it learned from and a mark."""
    return f"{row.model} [{row.label}] {'‡' if row.reported else '†'}"


def _has_average(row):
    return set(published.TASKS) <= set(row.records)


def _average(row):
    """The mean over the nine tasks; None if one of them is missing."""
    if not _has_average(row):
        return None
    records = [row.records[task] for task in published.TASKS]
    mean = 100 * np.mean([record["mean"] for record in records])
    return Cell(float(mean), math.nan, not _comparable(records))


def _comparable(records):
    return all(record["comparable"] and Setting.of(record).as_published for record in records)


def _in_words(found):
    if found is None:
        return ""
    return score_in_words(found.mean, found.interval) + ("\\*" if found.marked else "")


def score_in_words(mean: float, interval: float) -> str:
    """A score in percent as tables have it, "83.2 ± 0.6"; an interval that is NaN is left out."""
    return f"{mean:.1f}" + ("" if math.isnan(interval) else f" ± {interval:.1f}")


def notes(rows: list[Row]) -> list[str]:
    """What has to be said below the table, a paragraph each; asterisks are as Markdown wants them."""
    theirs, columns = published_beside(titles(rows)), headers(rows)
    said = [
        "Scores are in percent; the ± of what was measured here is half the width of the 95 % confidence "
        f"interval over the {_repeats(rows)}, and is missing where nothing was repeated."
    ]
    if _AVERAGE in columns:
        said[0] += " The average is over the nine tasks other than FSD50K."
    if reasons := _reasons(rows):
        said.append(f"\\* Not comparable with published numbers: {'; '.join(reasons)}.")
    if named := _named(rows):
        said.append(f"Short names: {'; '.join(named)}.")
    if theirs:
        said.append(f"† The row is published and was not measured here: {published.SOURCE}")
    if any(row.reported for row in theirs):
        said.append(f"‡ {published.REPORTED}")
    if "fsd50k" in columns:
        said.append(published.AUDIOSET_LABELS)
    return said


def _repeats(rows):
    """Over what the intervals are."""
    settings = [Setting.of(record) for row in rows for record in row.records.values()]
    repeats = ["seeds"]
    if any(setting.probe == FEW_SHOT for setting in settings):
        repeats.append("draws of a few-shot probe")
    if any(setting.windows > 1 for setting in settings):
        repeats.append("windows")
    return " and the ".join(repeats)


def _named(rows):
    """What the short names of models stand for, where they are not all that was given."""
    meanings = {row.name: _meaning(row.model) for row in rows}
    return [f"{name} is {meaning}" for name, meaning in meanings.items() if name != meaning]


def _meaning(model):
    declared = DECLARATIONS.get(model.partition(":")[0])
    return f"{declared.title} (licence: {declared.licence})" if declared else model


def _reasons(rows):
    """Why results do not compare with published ones."""
    records = [record for row in rows for record in row.records.values()]
    reasons = []
    own_splits = dict.fromkeys(record["title"] for record in records if not record["comparable"])
    if own_splits:
        reasons.append(f"not the paper's clips or split ({', '.join(own_splits)})")
    protocols = dict.fromkeys(record["protocol"] for record in records)
    others = [protocol for protocol in protocols if protocol != WINDOW]
    if others:
        reasons.append(f"not the protocol {WINDOW} ({', '.join(others)})")
    probes = dict.fromkeys(Setting.of(record).probe for record in records)
    if others := [probe for probe in probes if probe != LINEAR]:
        reasons.append(f"not a linear probe ({', '.join(others)})")
    if layers := dict.fromkeys(record["layer"] for record in records if record.get("layer") is not None):
        reasons.append(f"not the embedding but a layer ({', '.join(layers)})")
    return reasons


def _csv_numbers(mean, interval):
    # Rounded, as 100 times a share is 83.19999999999999.
    return {
        "mean_percent": round(mean, 6),
        "interval_percent": "" if math.isnan(interval) else round(interval, 6),
    }
