"""Layers of our encoders as representations: a probe on each shows what it knows."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.evaluation.representations.own import EmbedderRepresentation, with_statistics
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.layers.temporal_pooling import TemporalPooling
from byola_keras.models.embedder import Embedder

_JOIN = "+"


class LayersRepresentation(EmbedderRepresentation):
    """Some layers of an encoder, each pooled over time as the encoder pools its frames, side by side.

    Args:
        embedder: a built embedder.
        selections: names of layers of its encoder, or of several that are joined ("local+global"); each has
            columns of its own.
        name: short name in tables and file names.
        own_statistics: whether the embedder has the statistics of its training sound.

    Attributes:
        columns: which features of the embedding are those of each selection, slices by name.

    Raises:
        ValueError: the encoder has no such layer.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A4 (what the layers are, and the pooling).
    """

    def __init__(
        self,
        embedder: Embedder,
        selections: Sequence[str],
        name: str = "embedder",
        own_statistics: bool = True,
    ):
        super().__init__(embedder, name, own_statistics)
        self.selections = tuple(dict.fromkeys(selections))
        self._parts = {selection: selection.split(_JOIN) for selection in self.selections}
        _check(self._parts, embedder.encoder.layer_names, name)
        self._names = list(dict.fromkeys(layer for layers in self._parts.values() for layer in layers))
        self._pooling = TemporalPooling(embedder.encoder.pooling)
        self._pooled_in_graph = tf.function(
            self._pooled_layers, input_signature=[tf.TensorSpec([None, None], tf.float32)]
        )
        self.columns = self._columns()

    @property
    def identity(self):
        # The embedding of the same model has a cache of its own.
        return hash_of(self._content, self.selections)

    def with_statistics(self, stats):
        return type(self)(with_statistics(self.embedder, stats), self.selections, self.name)

    def features(self, waveforms):
        pooled = self._pooled_in_graph(tf.cast(waveforms, tf.float32))
        parts = [pooled[layer] for layers in self._parts.values() for layer in layers]
        return np.concatenate([part.numpy() for part in parts], axis=1)

    def _pooled_layers(self, waveforms):
        layers = self.embedder.call(waveforms, training=False, layers=self._names)["layers"]
        return {name: tf.cast(self._pooling(frames), tf.float32) for name, frames in layers.items()}

    def _columns(self):
        # A second of silence tells the sizes of the layers of any encoder.
        pooled = self._pooled_in_graph(tf.zeros([1, self.sample_rate]))
        sizes = [sum(pooled[layer].shape[1] for layer in layers) for layers in self._parts.values()]
        ends = np.cumsum(sizes).tolist()
        return {
            selection: slice(end - size, end)
            for selection, size, end in zip(self.selections, sizes, ends, strict=True)
        }


def with_layers(representation: Representation, selections: Sequence[str]) -> LayersRepresentation:
    """The layers of a representation in the place of its embedding.

    Args:
        representation: one of ours.
        selections: as `LayersRepresentation` takes them.

    Raises:
        ValueError: the encoder has no such layer, or the representation is not one of ours.
    """
    if not isinstance(representation, EmbedderRepresentation):
        raise ValueError(
            "`layers` can be chosen of this project's encoders only. Received: "
            f"layers={','.join(selections)} for {representation.name}; of another model, name the output or "
            "tensor in `model`, where its kind takes one."
        )
    own_statistics = representation.own_statistics
    return LayersRepresentation(representation.embedder, selections, representation.name, own_statistics)


def _check(parts, layer_names, name):
    for selection, layers in parts.items():
        if not set(layers) <= set(layer_names):
            names = ", ".join(layer_names) or "no layers"
            raise ValueError(
                f"`layers` must be layers of the encoder, or several with {_JOIN} between them. Received: "
                f"layers={selection!r} for {name}, which has {names}."
            )
