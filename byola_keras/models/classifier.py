"""Waveform in, class probabilities out: an embedder and a linear head, with the labels inside."""

import hashlib
import json
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.build_once import build_once
from byola_keras.layers.float32_layer import float32_only
from byola_keras.models.model_card import card_to_json, identity

_PARTS = ("embedder", "head")
_SETTINGS = ("labels", "multi_label", "temperature", "thresholds", "window_seconds")
# A class whose probability is at least this counts as heard, where nothing else was measured.
DEFAULT_THRESHOLD = 0.5


@keras.saving.register_keras_serializable(package="byola_keras")
class Classifier(keras.Model):
    """A classifier of sound.

    The scene of the embedder goes through the head, whose scores, divided by the temperature, become
    probabilities: of classes that exclude each other (softmax), or with `multi_label` of each class for
    itself (sigmoid). What is no sound counts as in an `Embedder`.

    It trains as any Keras model: `compile` with a loss of probabilities, such as
    "sparse_categorical_crossentropy", and `fit` on waveforms and the numbers of their labels. With
    `classifier.embedder.trainable = False` the head alone is trained.

    Args:
        embedder: a built `Embedder`.
        head: Model, scenes [batch, D] -> scores [batch, classes], such as `linear_head` makes.
        labels: names of the classes, in the order of the scores.
        multi_label: Boolean, whether a clip may have several labels, or none.
        temperature: Float, what the scores are divided by: above 1 the probabilities are less sure. That of
            the validation clips makes them as sure as they are right.
        thresholds: for each class the probability from which on it counts as heard; None for 0.5 each.
        window_seconds: Float, the length of sound that it was trained on; the windows of long recordings are
            as long.
        card: dict of JSON values or None: what is known of the classifier. It is kept in the saved file.

    Input shape:
        [batch, samples] mono waveforms at `sample_rate`, float, in [-1, 1], of any length; or [samples], a
        single clip.

    Output shape:
        [batch, classes] probabilities; [classes] for a single clip.

    Call arguments:
        waveforms: Tensor of the input shape.
        lengths: int [batch] or None: samples that belong to each clip of a padded batch.
        training: Boolean or None, see `Embedder`.

    Raises:
        ValueError: labels, thresholds and head do not fit together, or a number is out of its range; or the
            waveforms are none.

    Example:

    >>> classifier = byola_keras.load_classifier("classifiers/birds")
    >>> probabilities = classifier(waveforms)
    >>> classifier.labels[int(probabilities[0].numpy().argmax())]
    'robin'
    """

    def __init__(
        self,
        embedder,
        head,
        labels,
        multi_label=False,
        temperature=1.0,
        thresholds=None,
        window_seconds=1.0,
        card=None,
        **kwargs,
    ):
        # Probabilities and temperature are float32; mixed precision is the encoder's affair.
        dtype = float32_only("Classifier", kwargs.pop("dtype", None))
        super().__init__(dtype=dtype, **kwargs)
        thresholds = [DEFAULT_THRESHOLD] * len(labels) if thresholds is None else thresholds
        _check(labels, thresholds, temperature, window_seconds)
        self.embedder = embedder
        self.head = head
        self.labels = tuple(labels)
        self.multi_label = bool(multi_label)
        self.temperature = float(temperature)
        self.thresholds = tuple(float(threshold) for threshold in thresholds)
        self.window_seconds = float(window_seconds)
        self._card_json = card_to_json(card)
        build_once(embedder, None)
        if head.output_shape[-1] != len(self.labels):
            raise ValueError(
                "`head` must have a score for each of the `labels`. Received: "
                f"{head.output_shape[-1]} scores and {len(self.labels)} labels"
            )
        # All its parts are, and Keras asks for it before it saves.
        build_once(self, None)

    @property
    def card(self):
        """What is known of the classifier, a dict of JSON values."""
        return json.loads(self._card_json)

    @property
    def sample_rate(self):
        """Samples of a second of waveform, in Hz."""
        return self.embedder.sample_rate

    @property
    def window_samples(self):
        """Samples of a window of `window_seconds`."""
        return max(1, int(self.window_seconds * self.sample_rate))

    # Classifying ----------------------------------------------------------------------------------

    def build(self, input_shape=None):
        # Embedder and head are built before.
        pass

    def call(self, waveforms, lengths=None, training=None):
        return self.probabilities(self.scores(waveforms, lengths, training))

    def scores(self, waveforms, lengths=None, training=None):
        """Scores before temperature and softmax or sigmoid, [batch, classes]; arguments as of a call."""
        scene = self.embedder(waveforms, lengths=lengths, training=training)["scene"]
        return self._of_rank(scene, training)

    def classify(self, waveforms):
        """The probabilities of waveforms, in graph mode: several times as fast as calls for single clips.

        Args:
            waveforms: float [batch, samples], or [samples] for a single clip.

        Returns:
            float32 [batch, classes], or [classes].
        """
        return self.probabilities(self._of_rank(self.embedder.embed(waveforms)["scene"]))

    def of_scenes(self, scenes):
        """Probabilities [batch, classes] of embeddings [batch, D]."""
        return self.probabilities(self.head(scenes))

    def probabilities(self, scores):
        """What scores, of any shape with the classes at the end, become."""
        scores = tf.cast(scores, tf.float32) / self.temperature
        return tf.sigmoid(scores) if self.multi_label else tf.nn.softmax(scores)

    def _of_rank(self, scene, training=None):
        if scene.shape.rank == 1:
            return self.head(scene[None], training=training)[0]
        return self.head(scene, training=training)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.labels))

    def compute_output_spec(self, waveforms, lengths=None, training=None):
        return keras.KerasTensor(self.compute_output_shape(waveforms.shape), "float32")

    def with_embedder(self, embedder):
        """The same head and settings behind another embedder."""
        config = self.get_config()
        settings = {name: config[name] for name in (*_SETTINGS, "card")}
        return type(self)(embedder, self.head, **settings)

    # Saving ---------------------------------------------------------------------------------------

    def identity(self):
        """A hash of everything that the probabilities depend on, 16 hexadecimal digits."""
        settings = [identity(self.embedder), self.labels, self.multi_label, self.temperature]
        digest = hashlib.sha256(json.dumps(settings).encode())
        for weight in self.head.weights:
            digest.update(np.ascontiguousarray(weight).tobytes())
        return digest.hexdigest()[:16]

    def get_config(self):
        parts = {part: keras.saving.serialize_keras_object(getattr(self, part)) for part in _PARTS}
        return {
            **super().get_config(),
            **parts,
            "labels": list(self.labels),
            "multi_label": self.multi_label,
            "temperature": self.temperature,
            "thresholds": list(self.thresholds),
            "window_seconds": self.window_seconds,
            "card": self.card,
        }

    @classmethod
    def from_config(cls, config):
        parts = {part: keras.saving.deserialize_keras_object(config[part]) for part in _PARTS}
        return cls(**{**config, **parts})


def linear_head(
    kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray | None = None, deviation: np.ndarray | None = None
) -> keras.Model:
    """A head of one dense layer on standardised embeddings, as the linear probe trains it.

    Args:
        kernel: float32 [D, classes].
        bias: float32 [classes].
        mean: of each feature, float32 [D], taken off before; None for 0.
        deviation: of each feature, float32 [D], divided by before; None for 1.
    """
    size = len(kernel)
    mean = np.zeros(size, np.float32) if mean is None else mean
    deviation = np.ones(size, np.float32) if deviation is None else deviation
    standardisation = keras.layers.Normalization(axis=-1, dtype="float32", name="standardisation")
    dense = keras.layers.Dense(kernel.shape[1], dtype="float32", name="scores")
    head = keras.Sequential([keras.Input((size,), dtype="float32"), standardisation, dense], name="head")
    variance = np.square(deviation.astype(np.float64)).astype(np.float32)
    standardisation.set_weights([mean, variance, np.zeros((), "int64")])
    standardisation.finalize_state()
    dense.set_weights([kernel, bias])
    return head


def _check(labels: Sequence[str], thresholds: Sequence[float], temperature: float, window_seconds: float):
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(isinstance(one, str) for one in labels):
        raise ValueError(
            f"`labels` must be two texts or more, all different. Received: labels={list(labels)}"
        )
    if len(thresholds) != len(labels) or not all(0 <= threshold <= 1 for threshold in thresholds):
        raise ValueError(
            "`thresholds` must hold a number in [0, 1] for each of the labels. Received: "
            f"thresholds={list(thresholds)} for {len(labels)} labels"
        )
    for name, value in (("temperature", temperature), ("window_seconds", window_seconds)):
        if not 0 < value < float("inf"):
            raise ValueError(f"`{name}` must be a positive number. Received: {name}={value}")
