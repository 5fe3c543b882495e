"""What a task is: labelled clips, and which of them train, choose and test the probe."""

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple

SPLITS = ("train", "valid", "test")


class Clip(NamedTuple):
    """A labelled sound file, or a piece of one.

    Attributes:
        path: of the file.
        labels: one for most tasks, any number for a multi-label one.
        split: "train", "valid" or "test"; empty in a task with folds.
        fold: from 1 on in a task with folds, else 0.
        start: where in the file the clip begins, in seconds.
        end: where it ends, in seconds; None for the end of the file.
    """

    path: str
    labels: tuple[str, ...]
    split: str = ""
    fold: int = 0
    start: float = 0.0
    end: float | None = None

    @property
    def is_segment(self) -> bool:
        """Whether the clip is a piece of its file."""
        return self.start > 0 or self.end is not None


def by_split(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    """The clips of train first, then those of valid and of test, else in the order given.

    So the embeddings of a split are neighbours, and are read as one piece of a file that may be larger than
    the memory.
    """
    order = {split: place for place, split in enumerate(("", *SPLITS))}
    return tuple(sorted(clips, key=lambda clip: order[clip.split]))


@dataclasses.dataclass(frozen=True)
class Task:
    """A task and its clips.

    Attributes:
        name: short name, as in `--tasks=esc50`.
        title: name in tables.
        clips: all clips, with splits or with folds, in the order of `by_split`.
        unit_seconds: average length of a clip: the length of the windows that are embedded.
        learning_rate: learning rate of the probe in the authors' evaluation code; None for a task that is not
            the paper's.
        multi_label: whether a clip may have several labels, or none.
        comparable: whether clips and split are the paper's, so that scores stand beside its own.
        file: absolute path of the CSV file of a task that is one.
        drawn: whether the test was drawn, because the CSV file has neither split nor fold.
    """

    name: str
    title: str
    clips: tuple[Clip, ...]
    unit_seconds: float
    learning_rate: float | None = None
    multi_label: bool = False
    comparable: bool = True
    file: str = ""
    drawn: bool = False

    @property
    def folds(self) -> int:
        """Number of folds; 0 for a task with splits."""
        return max((clip.fold for clip in self.clips), default=0)

    @property
    def classes(self) -> list[str]:
        """Labels of the training clips (of all clips in a task with folds), sorted."""
        labelled = (clip for clip in self.clips if clip.fold or clip.split == "train")
        return sorted({label for clip in labelled for label in clip.labels})

    def rounds(self) -> list[dict[str, list[int]]]:
        """Numbers of the clips of each split, a round a fold; one round for a task with splits.

        In a round of a task with folds the clips of the fold are the test and all others the training;
        there is no "valid" then: the probe takes a tenth of the training clips.
        """
        if not self.folds:
            return [
                {split: [n for n, clip in enumerate(self.clips) if clip.split == split] for split in SPLITS}
            ]
        return [
            {
                "train": [n for n, clip in enumerate(self.clips) if clip.fold != fold],
                "valid": [],
                "test": [n for n, clip in enumerate(self.clips) if clip.fold == fold],
            }
            for fold in range(1, self.folds + 1)
        ]
