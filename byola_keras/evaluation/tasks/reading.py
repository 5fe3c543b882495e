"""What the readers of the tasks share: explained errors, counts, lists and splits by group."""

import collections
import csv
import glob
import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from byola_keras.evaluation.task import SPLITS, Task


def has(folder: str, pattern: str) -> bool:
    """Whether a folder has a file or folder of that name; the name may have wildcards."""
    return any(True for _ in glob.iglob(pattern, root_dir=folder))


def require(name: str, source: str, folder: str, patterns: Iterable[str]) -> None:
    """Explains the first part of the official layout that a folder has not.

    Args:
        name: of the task.
        source: where the data come from.
        folder: of the task.
        patterns: paths relative to the folder, with wildcards or without.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    for pattern in patterns:
        if not has(folder, pattern):
            raise FileNotFoundError(
                f"`{name}` needs {pattern} as published. Received: folder={folder!r}, where it is missing; "
                f"get it from {source} and put it at {os.path.join(folder, pattern)}"
            )


def require_sounds(name: str, source: str, folder: str, paths: Sequence[str], listed_in: str) -> None:
    """Explains that sound files of an official list are missing.

    Args:
        name: of the task.
        source: where the data come from.
        folder: of the task.
        paths: that the list names, relative to the folder.
        listed_in: name of the list.

    Raises:
        FileNotFoundError: at least one of them is not there.
    """
    missing = [path for path in paths if not os.path.isfile(os.path.join(folder, path))]
    if missing:
        raise FileNotFoundError(
            f"`{name}` needs every sound file that {listed_in} names. Received: folder={folder!r}, where "
            f"{len(missing)} of {len(paths)} are missing, the first being {missing[0]}; get them from "
            f"{source} and put that one at {os.path.join(folder, missing[0])}"
        )


def sounds(folder: str, pattern: str) -> list[str]:
    """Files of a pattern, relative to the folder, with "/" on every system, sorted."""
    return sorted(path.replace(os.sep, "/") for path in glob.glob(pattern, root_dir=folder))


def read_rows(path: str, columns: Iterable[str] = ()) -> list[dict[str, str]]:
    """Rows of a CSV file with a header.

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: one of `columns` is not there, or it is no UTF-8.
    """
    try:
        return _read_rows(path, columns)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A CSV file must be in UTF-8. Received: path={path!r}, which is not ({error}); save it anew."
        ) from None


def _read_rows(path, columns):
    if not os.path.isfile(path):
        raise FileNotFoundError(f"A CSV file must be there. Received: path={path!r}, which is not a file.")
    # Spreadsheets write a byte order mark, which would become part of the first column's name.
    with open(path, newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        found = list(reader.fieldnames or ())
        missing = [column for column in columns if column not in found]
        if missing:
            raise ValueError(
                f"The file must have the columns {', '.join(columns)}. Received: path={path!r} without "
                f"{', '.join(missing)}; its columns are {found}"
            )
        return [{column: value or "" for column, value in row.items() if column} for row in reader]


def read_lines(path: str) -> list[str]:
    """Lines of a list that are not empty, without white space around them."""
    with open(path, encoding="utf-8-sig") as lines:
        return [line.strip() for line in lines if line.strip()]


def check_split(split: str, path: str, row: int) -> str:
    """The split itself if it is one, else a ValueError with the row."""
    if split not in SPLITS:
        raise ValueError(
            f"A split must be one of {', '.join(SPLITS)}. Received: split={split!r} in row {row} of {path}"
        )
    return split


def check_fold(text: str, path: str, row: int) -> int:
    """The number of a fold if it is one, else a ValueError with the row."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(
            f"`fold` must be a whole number from 1. Received: fold={text!r} in row {row} of {path}"
        )
    return int(text)


def check_classes(task: Task) -> None:
    """Refuses a task whose validation or test has a class that the training has not.

    Raises:
        ValueError: there is one.
    """
    known = set(task.classes)
    for clip in task.clips:
        if unknown := sorted(set(clip.labels) - known):
            raise ValueError(
                f"`{task.name}` must have a training clip of every class. Received: none of "
                f"{unknown[0]}, the class of {clip.path} in {clip.split}; complete the copy or its lists."
            )


def check_counts(task: Task, clips: int | Mapping[str, int], classes: int, more: int = 0) -> None:
    """Compares a copy with the published counts.

    Args:
        task: as read.
        clips: expected, of each split or in all.
        classes: expected.
        more: how many clips beyond `clips` are known to be in some copies.

    Raises:
        ValueError: a count is another one.
    """
    found = collections.Counter(clip.split for clip in task.clips)
    received = len(task.clips) if isinstance(clips, int) else {split: found[split] for split in clips}
    pairs = (
        [(received, clips)]
        if isinstance(clips, int)
        else [(received[split], clips[split]) for split in clips]
    )
    surplus = [count - expected for count, expected in pairs]
    if min(surplus) < 0 or sum(surplus) > more or len(task.classes) != classes:
        raise ValueError(
            f"`{task.name}` must have {_in_words(clips)} and {classes} classes"
            f"{f' (or up to {more} clips more)' if more else ''}. Received: {_in_words(received)} and "
            f"{len(task.classes)} classes; complete the copy, or pass check_counts=False and give these "
            "counts beside the score, which no longer compares with a published one."
        )


def _in_words(clips):
    if isinstance(clips, int):
        return f"{clips:,} clips"
    return ", ".join(f"{count:,} {split}" for split, count in clips.items()) + " clips"


def official_split_only(name: str, split_csv: str | None) -> None:
    """Refuses a split CSV where the data bring their own split.

    Raises:
        ValueError: there is one.
    """
    if split_csv:
        raise ValueError(
            f"`split_csv` must be empty for {name}, whose split is published with the data. Received: "
            f"split_csv={split_csv!r}; only voxforge and surge take one."
        )


def split_by_group(groups: Iterable[str], shares: Sequence[float], seed: int = 0) -> dict[str, str]:
    """A seeded split of groups, so that no group is in two splits.

    Args:
        groups: names; those that occur twice count once.
        shares: of the groups in train, valid and test, in any unit.
        seed: of the draw; the same one gives the same split.

    Returns:
        The split of each group.
    """
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    ends = np.rint(np.cumsum(shares) / np.sum(shares) * len(names)).astype(int)
    places = np.searchsorted(ends, np.arange(len(names)), side="right")
    return {names[number]: SPLITS[place] for number, place in zip(order, places, strict=True)}


def split_by_csv(split_csv: str, groups: Mapping[str, str], group_columns: Sequence[str]) -> dict[str, str]:
    """A split that a CSV file gives.

    Args:
        split_csv: with the columns `split` and `file` (or `file_name`) or, instead, a group. Files are
            compared without extension, since a resampled copy may have another one, and names may lack the
            first folder, as in lists that keep the language in a column of its own.
        groups: the group of each file, both relative to the task's folder.
        group_columns: names that the column of the group may have, the usual one first.

    Returns:
        The split of each file that the CSV names.

    Raises:
        FileNotFoundError: the CSV or a file that it names is not there.
        ValueError: no such column, an unknown split, two splits for one name or within one group.
    """
    by_file, splits = _read_splits(split_csv, group_columns)
    keys = {path: os.path.splitext(path)[0] if by_file else group for path, group in groups.items()}
    unused = set(splits)
    result = {}
    for path, key in keys.items():
        known = key if key in splits else key.partition("/")[2]
        if known in splits:
            unused.discard(known)
            result[path] = splits[known]
    if unused:
        raise FileNotFoundError(
            f"`split_csv` must name what the folder has. Received: split_csv={split_csv!r} with "
            f"{len(unused)} of {len(splits)} names without a sound file, the first being {min(unused)}"
        )
    places = {}
    for path, split in result.items():
        if places.setdefault(groups[path], split) != split:
            raise ValueError(
                f"`split_csv` must keep each {group_columns[0]} in one split. Received: "
                f"split_csv={split_csv!r} with {groups[path]} in {places[groups[path]]} and in {split}"
            )
    return result


def _read_splits(split_csv, group_columns):
    """Whether the names are files, and the split of each name."""
    rows = read_rows(split_csv, ["split"])
    columns = list(rows[0]) if rows else []
    column = next((name for name in ("file", "file_name", *group_columns) if name in columns), None)
    if column is None:
        raise ValueError(
            f"`split_csv` must have rows and a column file or {group_columns[0]}. Received: "
            f"split_csv={split_csv!r} with {len(rows)} rows and the columns {columns}"
        )
    by_file = column not in group_columns
    splits = {}
    for number, row in enumerate(rows, 2):
        name = os.path.splitext(row[column])[0] if by_file else row[column]
        split = check_split(row["split"], split_csv, number)
        if splits.setdefault(name, split) != split:
            raise ValueError(
                f"`split_csv` must name a split once. Received: {row[column]} in {splits[name]} and in "
                f"{split}, row {number} of {split_csv}"
            )
    return by_file, splits
