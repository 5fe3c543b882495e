"""Networks that are built here in TensorFlow, with front ends of their own, of files of published weights."""

import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.representation import Representation


class SoundNetwork(Representation):
    """A front end and a network in one function of TensorFlow.

    Args:
        compute: waveforms float32 [batch, samples] -> float32 [batch, D] or [batch, T, D].
        call_seconds: seconds of sound of a call of `compute`; the memory goes with it.
        **contract: arguments of `Representation`.
    """

    def __init__(self, compute: Callable[[tf.Tensor], tf.Tensor], call_seconds: float = 30.0, **contract):
        super().__init__(**contract)
        self._compute = tf.function(compute, reduce_retracing=True)
        self._call_seconds = call_seconds

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        rows = max(1, int(self._call_seconds * self.sample_rate) // waveforms.shape[1])
        parts = [waveforms[first : first + rows] for first in range(0, len(waveforms), rows)]
        return np.concatenate([self._compute(part).numpy() for part in parts])


def existing(path: str, typed: str, source: str) -> str:
    """Returns the path of weights that somebody has downloaded.

    Args:
        path: of a file or a folder, as the user gave it.
        typed: how the model is named, such as "vggish:FILE".
        source: where the weights come from.

    Raises:
        FileNotFoundError: nothing is there.
    """
    if path and os.path.exists(path):
        return path
    received = f"path={path!r}, where nothing is" if path else "no path"
    raise FileNotFoundError(
        f"`--model={typed}` must say where the weights lie, which are not downloaded by themselves. "
        f"Received: {received}; get them from {source}."
    )


def lengthened(waveforms: tf.Tensor, samples: int) -> tf.Tensor:
    """Waveforms [batch, any length], padded with zeros at the end to at least `samples`."""
    return tf.pad(waveforms, [[0, 0], [0, tf.maximum(0, samples - tf.shape(waveforms)[1])]])
