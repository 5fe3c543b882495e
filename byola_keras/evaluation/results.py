"""Results of the benchmark: a file that grows by a line a result, and the tables and charts made of it."""

import contextlib
import csv
import fcntl
import io
import json
import math
import os
from typing import Any, NamedTuple

import numpy as np

from byola_keras.atomic import write_text
from byola_keras.evaluation import plots, published

RESULTS_FILE = "results.jsonl"
# What tables are made of; a record may have more: scores, learning_rate, learning_rate_choice, seconds ...
FIELDS = ("task", "title", "model", "metric", "mean", "ci95", "protocol", "comparable")

# Columns of the table; the average is over the tasks whose metric is accuracy, as the published one is.
_BENCHMARK = (*published.TASKS[:2], "fsd50k", *published.TASKS[2:])
_AVERAGE = "Average of nine"
_PAPER_PROTOCOL = "paper"
_CSV_FIELDS = (
    *("source", "model", "protocol", "learning_rate_choice", "task", "title", "metric"),
    *("mean_percent", "interval_percent", "auc_percent", "learning_rate", "comparable", "clips", "seconds"),
)


class _Row(NamedTuple):
    """Results of one representation under one protocol: task -> record."""

    model: str
    label: str
    records: dict[str, dict]


def append(output_dir: str, record: dict[str, Any]) -> None:
    """Adds a result to `results.jsonl`; it is on the disk when this returns.

    A kill in the middle costs this record only, and several processes may append at once.

    Args:
        output_dir: folder, made if it is not there.
        record: `FIELDS` and anything else; numbers of numpy are fine. The mean and the interval are shares
            between 0 and 1; NaN, as the interval of one value is, is written as null.

    Raises:
        ValueError: a field is missing, or the mean is not a number.
    """
    missing = [field for field in FIELDS if field not in record]
    if missing:
        raise ValueError(
            f"`record` must have the fields {', '.join(FIELDS)}. Received: a record without "
            f"{', '.join(missing)}"
        )
    if not math.isfinite(record["mean"]):
        raise ValueError(f"The mean of `record` must be finite. Received: mean={record['mean']}")
    line = json.dumps(_plain(record), allow_nan=False).encode() + b"\n"
    os.makedirs(output_dir, exist_ok=True)
    path = os.path.join(output_dir, RESULTS_FILE)
    with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
        # Otherwise the half-written line of another process would look like a torn one.
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            line = b"\n" + line
        while line:
            line = line[file.write(line) :]
        os.fsync(file.fileno())


def load(output_dir: str) -> list[dict[str, Any]]:
    """All whole records of `results.jsonl` in the order in which they came; torn lines are left out.

    Args:
        output_dir: folder of the file; without one there are no records.
    """
    path = os.path.join(output_dir, RESULTS_FILE)
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        records = [_parsed(line) for line in file]
    return [record for record in records if record is not None]


def summarize(output_dir: str) -> str:
    """Writes `results.md`, `results.csv`, `results.png` and, if there is enough for it, `correlation.png`.

    Of several results of the same task, model, protocol and learning_rate_choice the last one counts.
    `correlation.png` needs two tasks that three representations have; published rows do not count there.

    Args:
        output_dir: folder of `results.jsonl`.

    Returns:
        The Markdown of `results.md`.

    Raises:
        ValueError: there is no result.
        ImportError: matplotlib is not installed; the two texts are there nevertheless.
    """
    rows = _rows(load(output_dir))
    if not rows:
        raise ValueError(
            f"`output_dir` must hold results. Received: output_dir={output_dir!r} without a whole record in "
            f"{RESULTS_FILE}; evaluate a task first."
        )
    titles = _titles(rows)
    markdown = _markdown(rows, titles)
    write_text(os.path.join(output_dir, "results.md"), markdown)
    write_text(os.path.join(output_dir, "results.csv"), _csv(rows))
    plots.bar_chart(os.path.join(output_dir, "results.png"), _bars(rows, titles))
    correlation_png = os.path.join(output_dir, "correlation.png")
    tasks, matrix = plots.task_correlation(_means_by_model(rows), list(titles))
    if tasks:
        plots.correlation_chart(correlation_png, [titles[task] for task in tasks], matrix)
    else:
        # One of an earlier, longer list of results.
        with contextlib.suppress(FileNotFoundError):
            os.remove(correlation_png)
    return markdown


def _plain(value):
    """The value as JSON has it: no numpy, null for what is not a finite number."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parsed(line):
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and set(FIELDS) <= set(record) else None


def _rows(records):
    """A row for each model, protocol and choice of the learning rate; the paper's protocol first."""
    grouped: dict[tuple, dict] = {}
    for record in records:
        key = (record["model"], record["protocol"], record.get("learning_rate_choice"))
        grouped.setdefault(key, {})[record["task"]] = record
    models = [model for model, _, _ in grouped]
    # By the first appearance of the model; sorting is stable.
    order = sorted(grouped, key=lambda key: (models.index(key[0]), key[1] != _PAPER_PROTOCOL))
    rows = []
    for model, protocol, choice in order:
        several = models.count(model) > 1
        details = ", ".join(str(detail) for detail in (protocol, choice) if detail is not None)
        label = f"{model} ({details})" if several else model
        rows.append(_Row(model, label, grouped[model, protocol, choice]))
    return rows


def _titles(rows):
    """Task -> title, in the order of the columns."""
    titles = {task: record["title"] for row in rows for task, record in row.records.items()}
    order = [task for task in _BENCHMARK if task in titles]
    order += [task for task in titles if task not in order]
    return {task: titles[task] for task in order}


def _markdown(rows, titles):
    with_average = any(_average(row) for row in rows)
    records = [record for row in rows for record in row.records.values()]
    # A task's metric is the same in all its records.
    metrics = {record["task"]: record["metric"] for record in records}
    header = [
        title + (" (mAP)" if metrics[task] == "mean_average_precision" else "")
        for task, title in titles.items()
    ]
    table = [["Representation", *header, *[_AVERAGE] * with_average]]
    for row in rows:
        cells = [_cell(row.records.get(task)) for task in titles]
        table.append([row.label, *cells, *[_average(row)] * with_average])
    theirs = _published(titles)
    for row in theirs:
        cells = [_percent(*row.scores[task]) if task in row.scores else "" for task in titles]
        table.append([f"{row.model} †", *cells, *[f"{row.average:.1f}"] * with_average])
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in table]
    lines.insert(1, "|:--" + "|--:" * (len(table[0]) - 1) + "|")
    return "\n".join([*lines, "", *_footnotes(records, theirs, with_average)]) + "\n"


def _footnotes(records, theirs, with_average):
    notes = [
        "In percent; our own ± is half the width of the 95 % confidence interval, and is missing after one "
        "measurement."
    ]
    if with_average:
        notes[0] += " The average is over the nine tasks other than FSD50K."
    reasons = []
    own_splits = dict.fromkeys(record["title"] for record in records if not record["comparable"])
    if own_splits:
        reasons.append(f"not the paper's split ({', '.join(own_splits)})")
    protocols = dict.fromkeys(record["protocol"] for record in records)
    others = [protocol for protocol in protocols if protocol != _PAPER_PROTOCOL]
    if others:
        reasons.append(f"not the paper's protocol ({', '.join(others)})")
    if reasons:
        notes.append(f"\\* Not comparable with published numbers: {'; '.join(reasons)}.")
    if theirs:
        notes.append(f"† Published, not measured here: {published.SOURCE}")
    return "\n\n".join(notes).split("\n")


def _cell(record):
    return _percent(*_in_percent(record)) + _mark([record]) if record else ""


def _average(row):
    """Over the nine tasks; empty if one of them is missing."""
    if not set(published.TASKS) <= set(row.records):
        return ""
    records = [row.records[task] for task in published.TASKS]
    return f"{100 * np.mean([record['mean'] for record in records]):.1f}" + _mark(records)


def _mark(records):
    comparable = all(record["comparable"] and record["protocol"] == _PAPER_PROTOCOL for record in records)
    return "" if comparable else "\\*"


def _percent(mean, interval):
    return f"{mean:.1f}" if math.isnan(interval) else f"{mean:.1f} ± {interval:.1f}"


def _in_percent(record):
    interval = math.nan if record["ci95"] is None else 100 * record["ci95"]
    return 100 * record["mean"], interval


def _published(titles):
    """The published rows, if there is a task of theirs."""
    return published.published_rows() if set(titles) & set(published.TASKS) else []


def _csv(rows):
    """A line for each representation and task, with the published ones below; columns `_CSV_FIELDS`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_FIELDS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    titles = _titles(rows)
    for row in rows:
        for task in (task for task in titles if task in row.records):
            record = row.records[task]
            numbers = _csv_numbers(*_in_percent(record))
            seconds = round(sum((record.get("seconds") or {}).values()), 3)
            if record.get("auc") is not None:
                numbers["auc_percent"] = round(100 * record["auc"], 6)
            writer.writerow({**record, **numbers, "source": "measured", "seconds": seconds})
    for row in _published(titles):
        for task in (task for task in titles if task in row.scores):
            names = {"source": "published", "model": row.model, "task": task, "title": titles[task]}
            writer.writerow({**names, "metric": "accuracy", **_csv_numbers(*row.scores[task])})
    return text.getvalue()


def _csv_numbers(mean, interval):
    # Rounded, as 100 times a share is 83.19999999999999.
    return {
        "mean_percent": round(mean, 6),
        "interval_percent": "" if math.isnan(interval) else round(interval, 6),
    }


def _bars(rows, titles):
    """Ours, and of the published ones BYOL-A: all of them would not be readable."""
    table = {}
    for row in rows:
        records = {task: row.records[task] for task in titles if task in row.records}
        table[row.label] = {titles[task]: _in_percent(record) for task, record in records.items()}
    for row in _published(titles)[:1]:
        table[f"{row.model} (published)"] = {
            titles[task]: row.scores[task] for task in titles if task in row.scores
        }
    return table


def _means_by_model(rows):
    """A representation is counted once: the same one under another protocol is no further evidence."""
    # Of several rows the first stays, which is the paper's protocol.
    return {
        row.model: {task: record["mean"] for task, record in row.records.items()} for row in reversed(rows)
    }
