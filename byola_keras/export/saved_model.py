"""Writes a SavedModel for TensorFlow Serving, which then needs neither Keras nor this package."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence

import tensorflow as tf

from byola_keras.atomic import write_text
from byola_keras.export.warmup import write_warmup_requests
from byola_keras.models.embedder import Embedder
from byola_keras.models.model_card import as_markdown, describe

SIGNATURE = "serving_default"
WAVEFORM = tf.TensorSpec([None, None], tf.float32, "waveform")


def write_saved_model(embedder: Embedder, folder: str, name: str) -> None:
    """Writes a version of a model for TensorFlow Serving.

    The signature `serving_default` takes `waveform` float32 [batch, samples], of any batch and length, and
    gives `scene` [batch, D] and `frames` [batch, T', D]. What is no sound counts as in any graph of an
    `Embedder`: NaN is 0, no samples are silence. `assets/` holds the model card, `assets.extra/` a request
    with which the server warms up.

    Args:
        embedder: a built embedder.
        folder: folder that gets the files.
        name: name under which the model is served.
    """
    with tempfile.TemporaryDirectory() as cards:
        write_text(os.path.join(cards, "README.md"), as_markdown(embedder))
        write_text(os.path.join(cards, "model_card.json"), card_json(embedder))
        assets = [os.path.join(cards, card) for card in sorted(os.listdir(cards))]
        save_function(embedder, WAVEFORM, embedder, folder, assets)
    write_warmup_requests(folder, name, SIGNATURE, embedder.sample_rate)


def save_function(
    function: Callable[[tf.Tensor], dict],
    spec: tf.TensorSpec,
    embedder: Embedder,
    folder: str,
    assets: Sequence[str] = (),
) -> None:
    """Saves a function as a SavedModel with the one signature `serving_default`.

    Args:
        function: function of one tensor that returns {"scene": ..., "frames": ...}.
        spec: type and shape of its argument; its name becomes that of the signature's input.
        embedder: embedder whose weights the function uses.
        folder: folder that gets the files.
        assets: paths of files that are copied beside the model.
    """
    module = tf.Module()
    # The bare variables: Keras's own archive writes each of them twice.
    module.weights = [weight.value for weight in embedder.weights]
    module.assets = [tf.saved_model.Asset(path) for path in assets]
    module.serve = tf.function(function, input_signature=[spec])
    tf.saved_model.save(module, folder, signatures={SIGNATURE: module.serve})


def card_json(embedder: Embedder) -> str:
    """Returns the model card as JSON text."""
    return json.dumps(describe(embedder), indent=2) + "\n"
