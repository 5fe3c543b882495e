"""Pools frames that come in parts over time."""

import numpy as np

from byola_keras.models.contract import POOLINGS


class RunningPooling:
    """Pools all frames that `update` has seen, as the encoder would, without keeping them.

    Args:
        pooling: one of `byola_keras.models.contract.POOLINGS`.
    """

    def __init__(self, pooling: str):
        if pooling not in POOLINGS:
            raise ValueError(f"`pooling` must be one of {POOLINGS}. Received: pooling={pooling!r}")
        self.pooling = pooling
        self.count, self._mean, self._squares, self._max = 0, 0.0, 0.0, -np.inf

    def update(self, frames: np.ndarray) -> None:
        """Adds frames, [frames, D'] (by Chan, Golub and LeVeque's pairwise update, in float64)."""
        count, total = len(frames), self.count + len(frames)
        mean = frames.mean(axis=0, dtype=np.float64)
        difference = mean - self._mean
        if self.pooling == "mean_std":
            self._squares += np.square(frames - mean).sum(axis=0)
            self._squares += difference**2 * self.count * count / total
        self._mean += difference * count / total
        self._max = np.maximum(self._max, frames.max(axis=0))
        self.count = total

    def result(self) -> np.ndarray:
        """Returns the pooled frames, float32 [D]."""
        match self.pooling:
            case "mean":
                pooled = self._mean
            case "max":
                pooled = self._max
            case "mean_max":
                pooled = self._mean + self._max
            case "mean_std":
                pooled = np.concatenate([self._mean, np.sqrt(self._squares / self.count)])
        return pooled.astype(np.float32)
