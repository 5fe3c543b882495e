"""A task of one's own from a CSV file: `csv:PATH[:COLUMN]`."""

import dataclasses
import os

from byola_keras.evaluation.names import csv_title
from byola_keras.evaluation.task import SPLITS, Clip, Task, by_split
from byola_keras.evaluation.tasks import reading, segments
from byola_keras.evaluation.tasks.drawn_splits import draw_test

PREFIX = "csv:"


def path_and_column(text: str) -> tuple[str, str | None]:
    """The parts of PATH or PATH:COLUMN; a path may itself have a colon."""
    if os.path.isfile(text) or ":" not in text:
        return text, None
    path, _, column = text.rpartition(":")
    return path, column or None


def read(path: str, column: str | None = None, draw_seed: int | None = None) -> Task:
    """The task of a CSV file with a header and one row a clip.

    It has a column `file` (or `file_name`), relative to the folder of the CSV, a column of the label, and a
    column `split` (train, valid or test) or, without such a one, `fold` (1 to n). If any clip has several
    labels, with commas between them, the task is multi-label, and a clip may also have none. Windows are as
    long as the training clips are on average (all clips in a task with folds).

    With columns `start` and `end`, in seconds, a clip is a piece of the file; several pieces of one recording
    are in one split.

    Args:
        path: path of the CSV file.
        column: column of the label; None takes `label`, or else `labels`.
        draw_seed: seed of a test that is drawn where the file has neither split nor fold, see `draw_test`;
            None takes no such file.

    Returns:
        A task named `csv_<name of the file>`, with `_<column>` after it if one is given; its title is made by
        `csv_title`.

    Raises:
        FileNotFoundError: the CSV or a sound file is not there.
        ValueError: the CSV cannot be evaluated; the message names the row or the label.
    """
    rows = _rows(path)
    columns = list(rows[0])
    file_column = _column(path, columns, "sound file", ("file", "file_name"))
    label_column = _column(path, columns, "label", (column,) if column else ("label", "labels"))
    drawn = draw_seed is not None and not {"split", "fold"} & set(columns)
    split_column = None if drawn else _column(path, columns, "split", ("split", "fold"))
    multi_label = any(len(_parts(row[label_column])) > 1 for row in rows)
    in_pieces = segments.has_segments(columns)
    recordings = segments.Recordings(path, in_pieces)
    clips = []
    for number, row in enumerate(rows, 2):
        clip = Clip(
            _sound(path, number, row[file_column]),
            _labels(path, number, row[label_column], multi_label),
            reading.check_split(row["split"], path, number) if split_column == "split" else "",
            reading.check_fold(row["fold"], path, number) if split_column == "fold" else 0,
            *(segments.read_segment(row, path, number) if in_pieces else ()),
        )
        clips.append(recordings.add(clip, row[file_column], number))
    if drawn:
        clips = draw_test(clips, draw_seed)
    name = "_".join(["csv", os.path.splitext(os.path.basename(path))[0]] + ([column] if column else []))
    clips = by_split(clips)
    about = {"multi_label": multi_label, "comparable": False, "file": os.path.abspath(path), "drawn": drawn}
    task = Task(name, csv_title(path, column), clips, 0.0, **about)
    _check_classes(path, task)
    return dataclasses.replace(task, unit_seconds=_unit_seconds(path, task))


def _rows(path):
    rows = reading.read_rows(path)
    if not rows:
        raise ValueError(
            f"`csv` must have a header and a row for each clip. Received: path={path!r}, which has no rows."
        )
    return rows


def _column(path, columns, meaning, names):
    for name in names:
        if name in columns:
            return name
    hint = "; a name after the path, PATH:COLUMN, chooses another one" if "label" in names else ""
    raise ValueError(
        f"`csv` must have a column {' or '.join(names)} for the {meaning}. Received: path={path!r} with the "
        f"columns {', '.join(columns)}{hint}"
    )


def _sound(path, number, name):
    sound = os.path.normpath(os.path.join(os.path.dirname(path), name))
    if not os.path.isfile(sound):
        raise FileNotFoundError(
            f"`csv` must name sound files relative to its folder. Received: {name!r} in row {number} of "
            f"{path}, which is not at {sound}"
        )
    return sound


def _labels(path, number, text, multi_label):
    labels = tuple(dict.fromkeys(_parts(text)))
    if not labels and not multi_label:
        raise ValueError(
            f"`csv` must give every clip a label. Received: an empty label in row {number} of {path}"
        )
    return labels


def _parts(text):
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_classes(path, task):
    """Every round must train and test, with every class that it tests or chooses by in its training."""
    classes = {label for clip in task.clips for label in clip.labels}
    if len(classes) < 2:
        raise ValueError(f"`csv` must have two classes or more. Received: {sorted(classes)} in {path}")
    rounds = task.rounds()
    if task.folds == 1:
        raise ValueError(f"`csv` must have two folds or more. Received: fold 1 only in {path}")
    for fold, clips_of in enumerate(rounds, 1):
        labels = {
            split: {label for n in numbers for label in task.clips[n].labels}
            for split, numbers in clips_of.items()
        }
        where = f" when fold {fold} is the test" if task.folds else ""
        for split in ("train", "test"):
            if not clips_of[split]:
                raise ValueError(f"`csv` must have clips of {split}. Received: none{where} in {path}")
        for split in SPLITS[1:]:
            if unknown := sorted(labels[split] - labels["train"]):
                raise ValueError(
                    f"`csv` must have a training clip of every class of {split}{where}. Received: none of "
                    f"{', '.join(unknown)} in {path}"
                )


def _unit_seconds(path, task):
    # The pieces of all splits must lie in their files; of others the length alone is of interest.
    measured = [
        (clip, segments.clip_seconds(clip, path))
        for clip in task.clips
        if clip.is_segment or clip.fold or clip.split == "train"
    ]
    seconds = [length for clip, length in measured if clip.fold or clip.split == "train"]
    return sum(seconds) / len(seconds)
