"""Embeddings that are standardised: each feature has mean 0 and deviation 1 over the training clips."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

# Clips that are read at a time, and the size from which embeddings stay in their file.
_READ_CLIPS = 4096
_MEMORY_BYTES = 2**30


class Standardised:
    """The standardised embeddings of clips.

    Embeddings of up to a gigabyte are standardised once and held. Larger ones stay where they are, perhaps in
    a file that is larger than the memory, and are read and standardised when they are taken.

    Args:
        embeddings: float32 [clips, D].
        scale: mean and deviation of each feature, those of the training clips.
    """

    def __init__(self, embeddings: np.ndarray, scale: "Scale"):
        self._embeddings, self._scale, self._held = embeddings, scale, None
        if embeddings.nbytes <= _MEMORY_BYTES:
            starts = range(0, len(embeddings), _READ_CLIPS)
            pieces = [scale.apply(np.asarray(embeddings[start : start + _READ_CLIPS])) for start in starts]
            self._held = tf.concat(pieces, axis=0)

    def __len__(self):
        return len(self._embeddings)

    @property
    def size(self) -> int:
        """Number of features, D."""
        return self._embeddings.shape[1]

    def take(self, numbers: tf.Tensor) -> tf.Tensor:
        """Standardised embeddings float32 [..., D] of the clips `numbers`, int64 [...]; works in a graph."""
        if self._held is not None:
            return tf.gather(self._held, numbers)
        taken = tf.numpy_function(self._embeddings.__getitem__, [numbers], tf.float32)
        return self._scale.apply(tf.ensure_shape(taken, [*numbers.shape, self.size]))


class Scale(NamedTuple):
    """Mean and deviation of each feature, float32 [D]."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, embeddings: np.ndarray) -> "Scale":
        """Measures embeddings [clips, D] in float64, a piece at a time."""
        total, squares = np.zeros(embeddings.shape[1]), np.zeros(embeddings.shape[1])
        starts = range(0, len(embeddings), _READ_CLIPS)
        for start in starts:
            total += np.sum(embeddings[start : start + _READ_CLIPS], axis=0, dtype=np.float64)
        mean = total / len(embeddings)
        for start in starts:
            squares += np.square(embeddings[start : start + _READ_CLIPS] - mean).sum(axis=0)
        deviation = np.sqrt(squares / len(embeddings))
        # A feature that never changes says nothing; it stays zero, as scikit-learn's StandardScaler has it.
        return cls(mean.astype(np.float32), np.where(deviation == 0, 1, deviation).astype(np.float32))

    def apply(self, embeddings):
        """Standardises embeddings [..., D]."""
        return (embeddings - self.mean) / self.deviation
