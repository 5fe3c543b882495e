"""What is exported of a model: an embedder, and what is answered of its output."""

import dataclasses
import json
from collections.abc import Callable, Mapping

import keras

from byola_keras.models.classifier import Classifier
from byola_keras.models.classifier_card import as_markdown as classifier_markdown
from byola_keras.models.classifier_card import describe as describe_classifier
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import as_markdown, describe

LABELS_FILE, CARD_FILE, README_FILE = "labels.txt", "model_card.json", "README.md"


@dataclasses.dataclass(frozen=True)
class Exportable:
    """A model as the exports see it.

    Attributes:
        embedder: the embedder in it.
        answer: the output of the embedder, or of its encoder -> what the exported model answers, by name.
        outputs: these names.
        of_probabilities: whether the answer is of probabilities, which are compared by their difference.
        weights: all weights that the model uses.
        texts: files that go with it, by name.
    """

    embedder: Embedder
    answer: Callable[[Mapping], dict]
    outputs: tuple[str, ...]
    of_probabilities: bool
    weights: list
    texts: dict[str, str]

    def __call__(self, waveforms):
        return self.answer(self.embedder(waveforms))


def exportable(model: keras.Model | Exportable) -> Exportable:
    """A built embedder, or a classifier, for export; what is one already is returned as it is."""
    if isinstance(model, Exportable):
        return model
    if isinstance(model, Classifier):
        return _of_classifier(model)
    texts = {README_FILE: as_markdown(model), CARD_FILE: _json(describe(model))}
    return Exportable(model, dict, ("scene", "frames"), False, model.weights, texts)


def in_float32(model: Embedder | Classifier) -> Embedder | Classifier:
    """The same model, computing in float32 whatever precision it was trained in."""
    if isinstance(model, Classifier):
        embedder = in_float32(model.embedder)
        return model if embedder is model.embedder else model.with_embedder(embedder)
    encoder = model.encoder
    if encoder.compute_dtype == "float32":
        return model
    copy = type(encoder).from_config({**encoder.get_config(), "dtype": "float32"})
    copy.build((None, None, model.frontend.n_mels))
    copy.set_weights(encoder.get_weights())
    copy = Embedder(model.frontend, model.normalization, copy, model.card)
    copy.build()
    return copy


def _of_classifier(model):
    texts = {
        README_FILE: classifier_markdown(model),
        CARD_FILE: _json(describe_classifier(model)),
        LABELS_FILE: "".join(f"{' '.join(label.split())}\n" for label in model.labels),
    }

    def answer(output):
        return {"probabilities": model.of_scenes(output["scene"])}

    return Exportable(model.embedder, answer, ("probabilities",), True, model.weights, texts)


def _json(values):
    return json.dumps(values, indent=2) + "\n"
