"""Random arrays that belong to an epoch."""

import threading
from collections.abc import Callable

import numpy as np


class PerEpoch:
    """Makes an array for each epoch and keeps those of two epochs.

    Args:
        make: makes an array from a random generator, which is seeded by (seed, stream, epoch), and the epoch.
        seed: seed of all arrays, an integer >= 0.
        stream: number that keeps the uses of one seed apart.
    """

    def __init__(self, make: Callable[[np.random.Generator, int], np.ndarray], seed: int, stream: int):
        self._make = make
        self._seed = seed
        self._stream = stream
        self._lock = threading.Lock()
        self._arrays: dict[int, np.ndarray] = {}

    def __call__(self, epoch: int) -> np.ndarray:
        """Gives the array of `epoch`."""
        with self._lock:
            if epoch not in self._arrays:
                # Parallel readers may still be in the epoch before.
                self._arrays = {e: array for e, array in self._arrays.items() if e == epoch - 1}
                draws = np.random.default_rng((self._seed, self._stream, int(epoch)))
                self._arrays[epoch] = self._make(draws, int(epoch))
            return self._arrays[epoch]
