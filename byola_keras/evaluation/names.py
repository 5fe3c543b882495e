"""Short names of models and titles of tasks, as tables and charts have them.

Records keep models and tasks as they were given: what is short is made from that when tables are drawn.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from byola_keras.evaluation.representations.settings import split_settings

# Files of these names say nothing of what is in them: their folder does.
_PLAIN_FILES = frozenset(("metadata", "meta", "labels", "label", "clips", "files", "index", "list", "data"))
_PLAIN_MODELS = frozenset(("embedder", "model", "saved_model"))
_CSV = "csv_"
# What stands before the path or the module of an encoder that is not ours.
_KINDS = frozenset(("savedmodel", "litert", "hear", "python", "npz"))


def csv_title(path: str, column: str | None) -> str:
    """The title of a task in a CSV file: "birds: species".

    Args:
        path: of the file. One called metadata.csv, labels.csv or the like is named after its folder.
        column: column of the labels, if one was named.
    """
    folder, file = os.path.split(os.path.abspath(path))
    name = os.path.splitext(file)[0]
    if name.lower() in _PLAIN_FILES:
        name = os.path.basename(folder) or name
    return f"{name}: {column}" if column else name


def task_title(record: Mapping[str, Any]) -> str:
    """The title of a record's task, also where an earlier version has put the task's name in its place."""
    title, task, file = record["title"], record["task"], record.get("task_file")
    if title != task or not file or not task.startswith(_CSV):
        return title
    stem = _CSV + os.path.splitext(os.path.basename(file))[0]
    return csv_title(file, task[len(stem) + 1 :])


def distinct_titles(titles: Mapping[str, str]) -> dict[str, str]:
    """Task -> title; tasks of one title have their name behind it."""
    found = list(titles.values())
    return {task: title if found.count(title) == 1 else f"{title} ({task})" for task, title in titles.items()}


def short_names(models: Iterable[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Model as it was given -> short name.

    It is the setting `name` where that is given ("litert:FILE,name=mine"); of a run the name of its folder,
    of a file its name without the extension, of an encoder that is not ours what stands behind its kind
    ("savedmodel:models/trill:default:emb" is "trill"). Models of one short name have the folders above before
    it, as many as tell them apart, or else their full text.

    Args:
        models: texts as `--model` takes them.
        known: names that models have given themselves, in the place of what their text says.
    """
    parts = {model: _parts(model) for model in models}
    for model in parts.keys() & (known or {}).keys():
        parts[model] = [*parts[model][:-1], known[model]]
    names = {}
    for model, own in parts.items():
        others = [other for other in parts if other != model]
        for count in range(1, len(own) + 1):
            name = "/".join(own[-count:])
            if not any("/".join(parts[other][-count:]) == name for other in others):
                names[model] = name
                break
        else:
            names[model] = model
    return names


def _parts(model):
    """The folders above a model and its own name, the last of them."""
    settings = split_settings(model)
    if "name" in settings.common:
        return [settings.common["name"]]
    kind, _, rest = settings.place.partition(":")
    if kind in _KINDS:
        path = rest if kind == "npz" else rest.partition(":")[0]
        if kind == "python":
            return [rest.replace(":", ".")]
    elif rest.startswith("//"):
        # The address of a preset on a hub, or "preset://NAME".
        return _folders(rest)
    elif rest and os.sep not in kind:
        # A name of ours, with the place of its weights: "vggish:FOLDER".
        return [*_folders(rest), kind]
    else:
        path = settings.place
    folders = _folders(path)
    name, extension = os.path.splitext(folders[-1])
    if extension.lower() not in (".keras", ".tflite"):
        name = folders[-1]
    if name in _PLAIN_MODELS and len(folders) > 1:
        return folders[:-1]
    return [*folders[:-1], name]


def _folders(path):
    return [part for part in path.split("/") if part not in ("", ".")] or [path]
