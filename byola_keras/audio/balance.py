"""The order in which an epoch visits clips, with shares of the folders that the clips lie in."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from byola_keras.audio.per_epoch import PerEpoch

# The draws of (seed, 0, epoch) and (seed, 1, ...) belong to the order of an epoch and to the places of crops.
_PASSES = 2


class Balance(NamedTuple):
    """How far the sizes of folders are evened out.

    Attributes:
        strength: in [0, 1]. A folder of n clips has a share of the visits that is proportional to
            n^(1 - strength): at 0 that of its clips, at 1 as much as any other folder.
        depth: how many folders of a clip's name make its folder.
    """

    strength: float = 0.0
    depth: int = 1


UNBALANCED = Balance()


class Order:
    """The clips that the visits of an epoch go to, each epoch having as many visits as there are clips.

    Without balance each epoch visits every clip once. With it a folder has its share of the visits, to less
    than two visits in each epoch and to less than one over all epochs so far; and within a folder no clip is
    visited again before all others of it were, over all epochs. So an epoch visits some clips of large
    folders not at all, and all clips of small ones several times. What comes at a place is a function of the
    clips, the balance, the seed and the place.

    Args:
        count: number of clips.
        names: gives the name of each clip, with "/" between folders; not called without balance.
        balance: how far the sizes of folders are evened out.
        seed: an integer >= 0.

    Attributes:
        folders: number of folders; None without balance.
        shares: shares of the visits for each folder, in the order of the folders' names; None without
            balance.

    Raises:
        ValueError: there is only one folder to be balanced.
    """

    def __init__(
        self, count: int, names: Callable[[], Sequence[str]], balance: Balance = UNBALANCED, seed: int = 0
    ):
        self.count = count
        self._seed = seed
        self._balance = balance
        self.folders = self.shares = None
        if balance.strength:
            self._members = _members(names(), balance.depth)
            self.folders = len(self._members)
            sizes = np.array([len(members) for members in self._members], np.float64)
            weights = np.cumsum(sizes ** (1.0 - balance.strength))
            self._ends = weights / weights[-1]
            self.shares = np.diff(self._ends, prepend=0.0)
        self._epochs = PerEpoch(self._visits, seed, stream=0)

    def __call__(self, epoch: int) -> np.ndarray:
        """Gives the clips that the visits of `epoch` go to, integers [count]."""
        return self._epochs(epoch)

    def __str__(self):
        if self.shares is None:
            return ""
        largest = max(len(members) for members in self._members) / self.count
        return (
            f", {self.folders} folders balanced by {self._balance.strength:g}: the largest has "
            f"{100 * self.shares.max():.1f} % of the crops in place of {100 * largest:.1f} %"
        )

    def probabilities(self) -> np.ndarray | None:
        """How often each clip is visited over all visits, float64 [count]; None without balance."""
        if self.shares is None:
            return None
        each = np.empty(self.count)
        for members, share in zip(self._members, self.shares, strict=True):
            each[members] = share / len(members)
        return each / each.sum()

    def _visits(self, draws, epoch):
        if self.shares is None:
            return draws.permutation(self.count)
        begins, ends = self._visits_before(epoch), self._visits_before(epoch + 1)
        visits = [self._of_folder(*each) for each in enumerate(zip(begins, ends, strict=True))]
        return draws.permutation(np.concatenate(visits))

    def _visits_before(self, epoch):
        """Visits that each folder has had when an epoch begins, integers whose sum is that of all visits.

        Rounding the ends of the folders in place of their shares keeps the sum. No folder's number falls from
        an epoch to the next, for its share is at least one visit in each.
        """
        return np.diff(np.rint(epoch * self.count * self._ends).astype(np.int64), prepend=0)

    def _of_folder(self, folder, visits):
        """The clips of some visits to a folder: it is passed through again and again, each time anew."""
        members, (begin, end) = self._members[folder], visits
        first = begin // len(members)
        passes = [
            np.random.default_rng((self._seed, _PASSES, folder, number)).permutation(members)
            for number in range(first, -(-end // len(members)))
        ]
        start = begin - first * len(members)
        return np.concatenate([members[:0], *passes])[start : start + end - begin]


def _members(names, depth):
    """The numbers of the clips in each folder, folders in the order of their names."""
    folders = ["/".join(name.split("/")[:-1][:depth]) for name in names]
    known, numbers = np.unique(np.array(folders, object).astype(str), return_inverse=True)
    if len(known) == 1:
        raise ValueError(
            "`balance` needs clips in at least two folders, counted below the one that all share. Received: "
            f"balance_depth={depth}, at which all {len(folders)} lie in one"
            f"{f', {known[0]!r}' if known[0] else ''}; set another depth, or leave `balance` out."
        )
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.cumsum(np.bincount(numbers))[:-1])
