"""Splits of tasks that are published without one: drawn, or given by a CSV file."""

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from byola_keras.evaluation.task import SPLITS
from byola_keras.evaluation.tasks.reading import check_split, read_rows


def split_by_group(groups: Iterable[str], shares: Sequence[float], seed: int = 0) -> dict[str, str]:
    """A seeded split of groups, so that no group is in two splits.

    Args:
        groups: names of groups; a name that occurs twice counts once.
        shares: how many of the groups are in train, valid and test, in any unit.
        seed: seed of the draw; the same one gives the same split.

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
        split_csv: path of a file with the columns `split` and `file` (or `file_name`) or, instead, a group.
            Files are compared without extension, since a resampled copy may have another one, and names may
            lack the first folder, as in lists that keep the language in a column of its own.
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
