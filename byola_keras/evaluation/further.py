"""The further tables of `results.md`: balanced accuracy and retrieval, beside the scores of the tasks."""

from collections.abc import Sequence

from byola_keras.evaluation.records import Setting
from byola_keras.evaluation.tables import Row, in_percent, markdown_table, score_in_words, titles

_BALANCED = "balanced_accuracy"
_RETRIEVAL = "retrieval_map"


def markdown(rows: Sequence[Row]) -> str:
    """The Markdown of the further tables, with a heading and a sentence each; empty where nothing is known.

    Args:
        rows: our rows; records of earlier versions have neither measure.
    """
    parts = []
    if balanced := _table(rows, _BALANCED):
        parts += ["## Balanced accuracy", "The mean over the classes: each counts the same.", balanced]
    if retrieval := _table(_without_probes(rows), _RETRIEVAL):
        text = "Each test clip looks for its like among the others; the mean average precision."
        parts += ["## Retrieval", text, retrieval]
    return "\n" + "\n\n".join(parts) + "\n" if parts else ""


def _table(rows, measure):
    """Markdown of one measure by representation and task; empty if no record has it."""
    found = {
        row.label: {task: record for task, record in row.records.items() if record.get(measure) is not None}
        for row in rows
    }
    measured = set().union(*found.values())
    tasks = {task: title for task, title in titles(rows).items() if task in measured}
    if not tasks:
        return ""
    lines = [["Representation", *tasks.values()]]
    for label, records in found.items():
        if records:
            scores = [_score(records[task], measure) if task in records else "" for task in tasks]
            lines.append([label, *scores])
    return markdown_table(lines)


def _score(record, measure):
    return score_in_words(*in_percent({"mean": record[measure], "ci95": record.get(f"{measure}_ci95")}))


def _without_probes(rows):
    """A row for all probes of the same embeddings, on which retrieval does not depend."""
    merged = {}
    for row in rows:
        setting = Setting.of(next(iter(row.records.values())))
        embeddings = Setting(setting.protocol, layer=setting.layer, windows=setting.windows)
        records = merged.setdefault((row.model, row.name, embeddings), {})
        records |= {task: record for task, record in row.records.items() if task not in records}
    models = [model for model, *_ in merged]
    return [
        Row(model, name, _label(name, setting) if models.count(model) > 1 else name, records)
        for (model, name, setting), records in merged.items()
    ]


def _label(name, setting):
    return f"{name} ({', '.join(setting.words())})"
