"""What is made of all results of a folder: tables, a page and charts beside the published rows."""

import contextlib
import os

from byola_keras.atomic import write_text
from byola_keras.evaluation import further, plots, published, records, tables
from byola_keras.evaluation.choices import LINEAR, WINDOW
from byola_keras.evaluation.correlation import representation_correlation
from byola_keras.evaluation.names import short_names
from byola_keras.evaluation.report import page

# Fig. 6 is of accuracies: FSD50K and its subsets, which have mean average precisions, are left out of it.
_NOT_CORRELATED = frozenset(published.FSD50K_COLUMNS)


def summarize(output_dir: str) -> str:
    """Writes `results.md`, `.csv`, `.html`, `.png` and, if there is enough for it, `correlation.png`.

    Of several results of the same task, model and setting (see `records.Setting`) the last one counts.
    `correlation.png` needs three tasks that one of our representations shares with another one of ours, or
    with the published ones.

    Args:
        output_dir: folder of `results.jsonl`.

    Returns:
        The Markdown of `results.md`.

    Raises:
        ValueError: there is no result.
        ImportError: matplotlib is not installed; the tables and the page are there nevertheless.
    """
    rows = group_rows(records.load(output_dir))
    if not rows:
        raise ValueError(
            f"`output_dir` must hold results. Received: output_dir={output_dir!r} without a whole record in "
            f"{records.RESULTS_FILE}; evaluate a task first."
        )
    markdown = tables.markdown(rows) + further.markdown(rows)
    write_text(os.path.join(output_dir, "results.md"), markdown)
    write_text(os.path.join(output_dir, "results.csv"), tables.csv_text(rows))
    correlation = representation_correlation(accuracies_by_representation(rows), len(_names(rows)))
    page.write(output_dir, rows, correlation)
    plots.save(plots.bar_chart(_bars(rows)), os.path.join(output_dir, "results.png"))
    _draw_correlation(os.path.join(output_dir, "correlation.png"), *correlation)
    return markdown


def group_rows(found: list[dict]) -> list[tables.Row]:
    """A row for each model and setting (see `records.Setting`), in the order of their first results.

    Rows of one model stand together: those of the protocol of the published rows first, of these the linear
    probes, and of these the embedding before its layers.

    Args:
        found: records as `records.load` gives them.
    """
    grouped: dict[tuple, dict] = {}
    for record in found:
        key = (record["model"], records.Setting.of(record))
        grouped.setdefault(key, {})[record["task"]] = record
    models = [model for model, _ in grouped]
    # By the first appearance of the model; sorting is stable.
    order = sorted(grouped, key=lambda key: (models.index(key[0]), *_distance_from_published(key[1])))
    known = {record["model"]: record["model_name"] for record in found if record.get("model_name")}
    names, rows = short_names(models, known), []
    for model, setting in order:
        label = names[model]
        if models.count(model) > 1:
            label += f" ({', '.join(setting.words())})"
        rows.append(tables.Row(model, names[model], label, grouped[model, setting]))
    return rows


def _distance_from_published(setting):
    return setting.protocol != WINDOW, setting.probe != LINEAR, setting.layer is not None


def _bars(rows):
    """Ours, and of the published ones BYOL-A: all of them would not be readable."""
    titles = tables.titles(rows)
    table = {}
    for row in rows:
        found = {task: row.records[task] for task in titles if task in row.records}
        table[row.label] = {titles[task]: tables.in_percent(record) for task, record in found.items()}
    for row in tables.published_beside(titles)[-1:]:
        table[f"{row.model} (published)"] = {
            titles[task]: row.scores[task] for task in titles if task in row.scores
        }
    return table


def _draw_correlation(path, names, matrix):
    if names:
        plots.save(plots.correlation_chart(names, matrix), path)
    else:
        # One of an earlier, longer list of results.
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def _names(rows):
    return dict.fromkeys(row.name for row in rows)


def accuracies_by_representation(rows: list[tables.Row]) -> dict[str, dict[str, float]]:
    """Representation -> task -> score in percent, ours first, then the rows that the paper measured.

    A representation counts once: the same one under another protocol, or with another choice of the learning
    rate, is no further evidence. Its row with the protocol of the published rows is the one that counts.

    Args:
        rows: as `group_rows` gives them.
    """
    scores: dict[str, dict[str, float]] = {name: {} for name in _names(rows)}
    # Of several rows the first one stays.
    for row in reversed(rows):
        scores[row.name] = {
            task: tables.in_percent(record)[0]
            for task, record in row.records.items()
            if task not in _NOT_CORRELATED
        }
    for row in published.published_rows():
        if not row.reported:
            scores[f"{row.model} †"] = {task: row.scores[task][0] for task in published.TASKS}
    return scores
