"""Pooling over time of frames that come in parts."""

import numpy as np


class RunningPooling:
    """`TemporalPooling` of all frames that `update` has seen, without keeping them.

    Args:
        pooling: "mean_max", "mean" or "max".
    """

    def __init__(self, pooling: str):
        self.pooling = pooling
        self.count, self.sum, self.max = 0, 0.0, -np.inf

    def update(self, frames: np.ndarray) -> None:
        """Adds frames, [frames, D]."""
        self.count += len(frames)
        self.sum = self.sum + frames.sum(axis=0, dtype=np.float64)
        self.max = np.maximum(self.max, frames.max(axis=0))

    def result(self) -> np.ndarray:
        """The pooled frames, float32 [D]."""
        mean = self.sum / self.count
        pooled = {"mean": mean, "max": self.max, "mean_max": mean + self.max}
        return pooled[self.pooling].astype(np.float32)
