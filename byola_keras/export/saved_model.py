"""Writes a SavedModel for TensorFlow Serving, which then needs neither Keras nor this package."""

import os
import tempfile
from collections.abc import Callable, Sequence

import tensorflow as tf

from byola_keras.atomic import write_text
from byola_keras.export.exportable import Exportable, exportable
from byola_keras.export.warmup import write_warmup_requests
from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder

SIGNATURE = "serving_default"
WAVEFORM = tf.TensorSpec([None, None], tf.float32, "waveform")


def write_saved_model(model: Embedder | Classifier | Exportable, folder: str, name: str) -> None:
    """Writes a version of a model for TensorFlow Serving.

    The signature `serving_default` takes `waveform` float32 [batch, samples], of any batch and length, and
    gives `scene` [batch, D] and `frames` [batch, T', D], or of a classifier `probabilities` [batch, classes].
    What is no sound counts as in any graph of an `Embedder`: NaN is 0, no samples are silence. `assets/`
    holds the model card, and of a classifier `labels.txt`, a label a line; `assets.extra/` a request with
    which the server warms up.

    Args:
        model: a built embedder, or a classifier.
        folder: folder that gets the files.
        name: name under which the model is served.
    """
    model = exportable(model)
    with tempfile.TemporaryDirectory() as texts:
        for file, text in model.texts.items():
            write_text(os.path.join(texts, file), text)
        assets = [os.path.join(texts, file) for file in sorted(model.texts)]
        save_function(model, WAVEFORM, model.weights, folder, assets)
    write_warmup_requests(folder, name, SIGNATURE, model.embedder.sample_rate)


def save_function(
    function: Callable[[tf.Tensor], dict],
    spec: tf.TensorSpec,
    weights: Sequence,
    folder: str,
    assets: Sequence[str] = (),
) -> None:
    """Saves a function as a SavedModel with the one signature `serving_default`.

    Args:
        function: function of one tensor that returns tensors by name.
        spec: type and shape of its argument; its name becomes that of the signature's input.
        weights: weights that the function uses.
        folder: folder that gets the files.
        assets: paths of files that are copied beside the model.
    """
    module = tf.Module()
    # The bare variables: Keras's own archive writes each of them twice.
    module.weights = [weight.value for weight in weights]
    module.assets = [tf.saved_model.Asset(path) for path in assets]
    module.serve = tf.function(function, input_signature=[spec])
    tf.saved_model.save(module, folder, signatures={SIGNATURE: module.serve})
