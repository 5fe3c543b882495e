"""What the paper's tasks have in common: a declaration, from which a copy of the data is read and checked."""

import collections
import dataclasses
import os
import string
from collections.abc import Callable, Mapping

from byola_keras.evaluation.task import Clip, Task, by_split
from byola_keras.evaluation.tasks import splits
from byola_keras.evaluation.tasks.reading import check_fold
from byola_keras.evaluation.tasks.task_folder import TaskFolder


@dataclasses.dataclass(frozen=True)
class GroupSplit:
    """The split of a task that is published without one: no group of clips is in two splits.

    Attributes:
        group_of: path of a clip -> its group.
        shares: how many of the groups are in train, valid and test, in any unit, for the split that is drawn.
        columns: names that the groups may have in a split CSV, the usual one first.
    """

    group_of: Callable[[str], str]
    shares: tuple[float, float, float]
    columns: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class OfficialTask:
    """A task of the paper.

    Attributes:
        name: name in `--tasks`, and of the folder of the data.
        title: name in tables.
        unit_seconds: average length of a clip (Table II), the length of the windows.
        learning_rate: learning rate of the probe in the authors' evaluation code; the paper has none.
        classes: number of classes (Table II).
        clips: number of clips (Table II), of each split or, for a task with folds, of all.
        source: where the data come from, for errors.
        needs: files and folders of the official layout, with wildcards or without.
        landmark: the one of them by which a folder is known to be that of the task.
        list_clips: lists the clips of a folder, with paths relative to it; those of a task with a
            `group_split` have no split yet.
        group_split: the rule by which a task is split that is published without a split; None for others.
        more_clips: how many clips beyond `clips` some copies are known to have.
        multi_label: whether a clip may have several labels.

    Reference:
        https://arxiv.org/abs/2204.07402, Section IV-A2, Table II.
    """

    name: str
    title: str
    unit_seconds: float
    learning_rate: float
    classes: int
    clips: int | Mapping[str, int]
    source: str
    needs: tuple[str, ...]
    landmark: str
    list_clips: Callable[[TaskFolder], list[Clip]]
    group_split: GroupSplit | None = None
    more_clips: int = 0
    multi_label: bool = False

    @property
    def takes_split_csv(self) -> bool:
        """Whether a split may, and should, be given."""
        return self.group_split is not None

    def folder(self, path: str) -> TaskFolder:
        """A folder of this task."""
        return TaskFolder(self.name, self.source, path)

    def read(self, path: str, split_csv: str | None = None, seed: int = 0) -> Task:
        """The task from a copy of its data.

        Args:
            path: folder of the copy.
            split_csv: split of a task that `takes_split_csv`, see `splits.split_by_csv`; clips that it does
                not name are left out.
            seed: seed of the split that is drawn if a task takes a `split_csv` and has none. Such a task is
                not comparable.

        Raises:
            FileNotFoundError: a file of the official layout is not there.
            ValueError: a list is not as published, or a class is never trained.
        """
        folder = self.folder(path)
        folder.require(self.needs)
        clips = self.list_clips(folder)
        if self.group_split:
            clips = self._split(clips, split_csv, seed)
        clips = [clip._replace(path=os.path.join(path, clip.path)) for clip in clips]
        task = Task(
            self.name,
            self.title,
            by_split(clips),
            self.unit_seconds,
            self.learning_rate,
            self.multi_label,
            comparable=bool(split_csv) or not self.takes_split_csv,
        )
        self._check_classes(task)
        return task

    def _split(self, clips, split_csv, seed):
        rule = self.group_split
        groups = {clip.path: rule.group_of(clip.path) for clip in clips}
        if split_csv:
            split_of = splits.split_by_csv(split_csv, groups, rule.columns)
        else:
            drawn = splits.split_by_group(groups.values(), rule.shares, seed)
            split_of = {path: drawn[group] for path, group in groups.items()}
        return [clip._replace(split=split_of[clip.path]) for clip in clips if clip.path in split_of]

    def _check_classes(self, task):
        """Refuses a task whose validation or test has a class that the training has not."""
        known = set(task.classes)
        for clip in task.clips:
            if unknown := sorted(set(clip.labels) - known):
                raise ValueError(
                    f"`{task.name}` must have a training clip of every class. Received: none of "
                    f"{unknown[0]}, the class of {clip.path} in {clip.split}; complete the copy or its lists."
                )

    def check_counts(self, task: Task) -> None:
        """Compares the counts of a task that was read with those of Table II.

        A split that was drawn has counts of its own: only its sum is compared.

        Raises:
            ValueError: a count is another one.
        """
        clips = self.clips
        if not isinstance(clips, int) and not task.comparable:
            clips = sum(clips.values())
        found = collections.Counter(clip.split for clip in task.clips)
        received = len(task.clips) if isinstance(clips, int) else {split: found[split] for split in clips}
        pairs = (
            [(received, clips)]
            if isinstance(clips, int)
            else [(received[split], clips[split]) for split in clips]
        )
        surplus = [count - expected for count, expected in pairs]
        if min(surplus) < 0 or sum(surplus) > self.more_clips or len(task.classes) != self.classes:
            more = f" (or up to {self.more_clips} clips more)" if self.more_clips else ""
            raise ValueError(
                f"`{self.name}` must have {_in_words(clips)} and {self.classes} classes{more}. Received: "
                f"{_in_words(received)} and {len(task.classes)} classes; complete the copy, or pass "
                "check_counts=False and give these counts beside the score, which no longer compares with a "
                "published one."
            )


def _in_words(clips):
    if isinstance(clips, int):
        return f"{clips:,} clips"
    return ", ".join(f"{count:,} {split}" for split, count in clips.items()) + " clips"


def clips_with_folds(listed_in: str, path: str, label: str) -> Callable[[TaskFolder], list[Clip]]:
    """A `list_clips` of a task whose folds are published in a CSV file.

    Args:
        listed_in: path of the CSV file, which has a column `fold`.
        path: path of a clip, with columns in braces: "audio/{filename}".
        label: column of the label.
    """
    columns = [name for _, name, _, _ in string.Formatter().parse(path) if name]

    def list_clips(folder):
        rows = folder.rows(listed_in, dict.fromkeys((*columns, "fold", label)))
        paths = folder.listed([path.format(**row) for row in rows], listed_in)
        return [
            Clip(found, (row[label],), fold=check_fold(row["fold"], listed_in, number))
            for number, (found, row) in enumerate(zip(paths, rows, strict=True), 2)
        ]

    return list_clips
