"""What a task of the benchmark is: labelled clips, and who trains, chooses and tests on them."""

import dataclasses
from typing import NamedTuple

SPLITS = ("train", "valid", "test")


class Clip(NamedTuple):
    """A labelled sound file.

    Attributes:
        path: of the file.
        labels: one for most tasks, any number for a multi-label one.
        split: "train", "valid" or "test"; empty in a task with folds.
        fold: from 1 on in a task with folds, else 0.
    """

    path: str
    labels: tuple[str, ...]
    split: str = ""
    fold: int = 0


@dataclasses.dataclass(frozen=True)
class Task:
    """A task and its clips.

    Attributes:
        name: short name, as in `--tasks=esc50`.
        title: name in tables.
        clips: all clips; with splits or with folds. Those of a split are neighbours, so that their
            embeddings are.
        unit_seconds: average length of a clip: the window that the paper's protocol embeds.
        learning_rate: of the probe, as published; None where nothing was published.
        multi_label: whether a clip may have several labels, or none.
        comparable: whether the split is the paper's, so that scores stand beside its own.
        file: of a task that is a CSV file, its absolute path.
    """

    name: str
    title: str
    clips: tuple[Clip, ...]
    unit_seconds: float
    learning_rate: float | None = None
    multi_label: bool = False
    comparable: bool = True
    file: str = ""

    def __post_init__(self):
        order = {split: place for place, split in enumerate(("", *SPLITS))}
        by_split = tuple(sorted(self.clips, key=lambda clip: order[clip.split]))
        object.__setattr__(self, "clips", by_split)

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
