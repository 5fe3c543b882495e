"""Our own representations: a trained embedder, and two baselines that were never trained."""

import os
from collections.abc import Callable, Iterable

import numpy as np

from byola_keras.evaluation.choices import WINDOW
from byola_keras.evaluation.representations.log_mel_statistics import LogMelStatistics
from byola_keras.evaluation.representations.representation import NONE, Representation
from byola_keras.models import norm_stats
from byola_keras.models.embedder import Embedder
from byola_keras.models.load import load
from byola_keras.models.model_card import identity
from byola_keras.models.norm_stats import NormStats
from byola_keras.models.preset import EMBEDDER_FILE
from byola_keras.models.untrained import untrained_embedder

# What stands in a baseline until the statistics of a task take its place.
_NO_STATS = NormStats(mean=0.0, std=1.0, crops=0)

# Each kind of `--model` that has a word of its own, and what makes it.
BASELINES: dict[str, Callable[[], Embedder]] = {
    "random": lambda: untrained_embedder(stats=_NO_STATS),
    "logmel_stats": lambda: untrained_embedder(LogMelStatistics(), _NO_STATS),
}


class EmbedderRepresentation(Representation):
    """An `Embedder`, whose encoder pools by itself.

    Args:
        embedder: a built embedder.
        name: short name in tables and file names.
        own_statistics: whether it has the statistics of its training sound. Without them, those of each task
            are measured under every protocol.
    """

    def __init__(self, embedder: Embedder, name: str = "embedder", own_statistics: bool = True):
        # The identity of the model alone, as in caches from before there were other representations.
        super().__init__(name, embedder.sample_rate, content=identity(embedder), pooling=NONE)
        self.embedder, self.own_statistics = embedder, own_statistics
        self.frame_seconds = embedder.frame_seconds

    @property
    def identity(self):
        return self._content

    def needs_statistics(self, protocol):
        # As in the authors' evaluation code.
        return protocol == WINDOW or not self.own_statistics

    def measure(self, batches: Iterable[np.ndarray], clips: int) -> NormStats:
        """Measures the statistics of the log-mel of waveforms [batch, samples], `clips` in all."""
        return norm_stats.measure(self.embedder.frontend, batches, clips)

    def with_statistics(self, stats: NormStats) -> "EmbedderRepresentation":
        """The same encoder with other statistics of the log-mel."""
        return type(self)(with_statistics(self.embedder, stats), self.name)

    def features(self, waveforms):
        return self.embedder.embed(waveforms)["scene"]


def load_own(model: str) -> EmbedderRepresentation:
    """One of our own representations.

    Args:
        model: "random" (the encoder as it is before training), "logmel_stats" (`LogMelStatistics`), or
            what `byola_keras.load` takes.

    Returns:
        The representation of a built embedder.

    Raises:
        FileNotFoundError, ValueError: see `byola_keras.load`.
    """
    if model in BASELINES:
        return EmbedderRepresentation(BASELINES[model](), model, own_statistics=False)
    return EmbedderRepresentation(load(model), _name(model))


def with_statistics(embedder: Embedder, stats: NormStats) -> Embedder:
    """The same front end and encoder with other statistics of the log-mel."""
    other = Embedder(embedder.frontend, stats.layer(), embedder.encoder)
    other.build()
    return other


def _name(model):
    """Of a run or a preset its folder's name, of another file its own."""
    path = os.path.normpath(os.path.abspath(model))
    if os.path.basename(path) == EMBEDDER_FILE:
        path = os.path.dirname(path)
    return os.path.basename(path).removesuffix(".keras") or model
