"""A test for labelled clips that come without a split."""

import collections
from collections.abc import Sequence

import numpy as np

from byola_keras.evaluation.task import Clip

_TEST_SHARE = 0.2
# With fewer recordings a class would be left with one to train on.
_FEWEST_RECORDINGS = 3


def draw_test(clips: Sequence[Clip], seed: int) -> list[Clip]:
    """Clips with the split "test" or "train": of each class, a fifth of its recordings is the test.

    Clips of one file are in one split. A class of fewer than three recordings has none of its own drawn. A
    clip with several labels counts for each.

    Args:
        clips: clips without a split.
        seed: seed of the draw; the same one gives the same test wherever the files lie.
    """
    labels_of = collections.defaultdict(set)
    for clip in clips:
        # Clips without a label are a class of their own here.
        labels_of[clip.path].update(clip.labels or [None])
    left = collections.Counter(label for labels in labels_of.values() for label in labels)
    wanted = {
        label: max(round(_TEST_SHARE * count), 1) if count >= _FEWEST_RECORDINGS else 0
        for label, count in left.items()
    }
    paths, test = sorted(labels_of), set()
    for number in np.random.default_rng((seed, 11)).permutation(len(paths)):
        labels = labels_of[paths[number]]
        if any(wanted[label] > 0 for label in labels) and all(left[label] > 1 for label in labels):
            test.add(paths[number])
            for label in labels:
                wanted[label] -= 1
                left[label] -= 1
    return [clip._replace(split="test" if clip.path in test else "train") for clip in clips]
