"""Mean and standard deviation of the log-mel of the training sound."""

import contextlib
import json
import os
from collections.abc import Iterable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from byola_keras.atomic import write_text

FILE_NAME = "norm_stats.json"


class NormStats(NamedTuple):
    """Statistics over all bins of `crops` log-mel spectrograms, in natural logarithm of power."""

    mean: float
    std: float
    crops: int

    def layer(self) -> keras.layers.Normalization:
        """The layer that normalises a log-mel by these statistics, in float32 under every policy."""
        return keras.layers.Normalization(
            axis=None, mean=self.mean, variance=self.std**2, dtype="float32", name="normalization"
        )


class RunningStatistics:
    """Mean and population standard deviation of values that come in parts, in float64."""

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0.0, 0.0

    def update(self, values: np.ndarray) -> None:
        """Adds `values`, of any shape (Chan, Golub and LeVeque's pairwise update)."""
        values = np.asarray(values, np.float64)
        count, mean = values.size, float(values.mean())
        difference, total = mean - self.mean, self.count + count
        self.squares += float(np.square(values - mean).sum())
        self.squares += difference**2 * self.count * count / total
        self.mean += difference * count / total
        self.count = total

    @property
    def std(self) -> float:
        """Population standard deviation (ddof = 0)."""
        return float(np.sqrt(self.squares / self.count))


def measure(frontend, batches: Iterable, crops: int) -> NormStats:
    """Measures the log-mel of the first `crops` waveforms of `batches`.

    Args:
        frontend: layer, [batch, samples] -> [batch, T, F].
        batches: waveform batches [batch, samples], at least `crops` clips in all.
        crops: how many clips to take.

    Raises:
        ValueError: all values are equal, as for pure silence.
    """
    log_mel = tf.function(frontend, input_signature=[tf.TensorSpec([None, None], tf.float32)])
    statistics, taken = RunningStatistics(), 0
    for waveforms in batches:
        values = log_mel(waveforms[: crops - taken])
        statistics.update(values.numpy())
        taken += int(values.shape[0])
        if taken >= crops:
            break
    if not statistics.std > 1e-3:
        raise ValueError(
            "The training sound must not be all silent. Received: log-mel mean="
            f"{statistics.mean:.4f}, std={statistics.std:.2e} over {taken} crops; check the files."
        )
    return NormStats(statistics.mean, statistics.std, taken)


def save(stats: NormStats, workdir: str) -> None:
    """Writes the statistics as JSON."""
    write_text(os.path.join(workdir, FILE_NAME), json.dumps(stats._asdict(), indent=2) + "\n")


def load(workdir: str) -> NormStats | None:
    """Reads the statistics, or None where none were saved."""
    path = os.path.join(workdir, FILE_NAME)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return NormStats(**json.load(file))


def remove(workdir: str) -> None:
    """Removes the statistics, if any were saved."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(workdir, FILE_NAME))
