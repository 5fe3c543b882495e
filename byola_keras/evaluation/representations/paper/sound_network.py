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


class ExampleNetwork(Representation):
    """A network that embeds pieces of a clip by themselves, each of which is a frame.

    Args:
        examples: waveforms float32 [batch, samples] -> their pieces [batch, T, ...], an array.
        network: some pieces [rows, ...] -> float32 [rows, D], in TensorFlow.
        call_rows: pieces of a call of `network`; the memory goes with it.
        **contract: arguments of `Representation`.
    """

    def __init__(
        self,
        examples: Callable[[np.ndarray], np.ndarray],
        network: Callable[[tf.Tensor], tf.Tensor],
        call_rows: int = 64,
        **contract,
    ):
        super().__init__(**contract)
        self._examples, self._call_rows = examples, call_rows
        self._network = tf.function(network, reduce_retracing=True)

    def features(self, waveforms: np.ndarray) -> np.ndarray:
        """See `Representation.features`."""
        examples = self._examples(waveforms)
        clips, places = examples.shape[:2]
        parts = []
        for first in range(0, clips * places, self._call_rows):
            rows = np.arange(first, min(first + self._call_rows, clips * places))
            parts.append(self._network(examples[np.divmod(rows, places)]).numpy())
        return np.concatenate(parts).reshape(clips, places, -1)


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
