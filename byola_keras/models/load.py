"""Embedders and classifiers as users name them: by a path, a name or an address on a hub."""

import os
import zipfile

import keras

from byola_keras.models.classifier import Classifier
from byola_keras.models.embedder import Embedder
from byola_keras.models.preset import CLASSIFIER_FILE, find_model, read_model


def load(path_or_preset: str) -> Embedder:
    """Loads an embedder with its front end and normalisation statistics.

    Args:
        path_or_preset: what stands for the embedder:

            - a path: of an `embedder.keras` file; of a working directory of `byola pretrain` that holds one;
              of the folder of a preset, see `Embedder.save_to_preset`;
            - the name of a preset in a folder of the environment variable BYOLA_KERAS_PRESETS, without which
              it is `~/.local/share/byola_keras/presets`, or of one that comes with the package;
            - the address of a preset on a hub: "hf://USER/NAME", "hf://USER/NAME@REVISION" or
              "kaggle://USER/MODEL/FRAMEWORK/VARIATION", also with "/VERSION".

            What a path holds comes before a name, with a warning where a bare word could be both;
            "./WORD" is a path and "preset://WORD" a name only.

    Returns:
        The `Embedder`, ready for inference.

    Raises:
        FileNotFoundError: nothing is there, or the hub was not reached.
        ValueError: the file or folder holds something else, or is damaged.
        ImportError: the client of the hub is not installed.
    """
    return Embedder.from_preset(path_or_preset)


def load_classifier(path: str) -> Classifier:
    """Loads a classifier with its labels, see `byola classify train`.

    Args:
        path: path of a .keras file, or of a folder that holds a `classifier.keras`.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: the file holds something else, or is damaged.
    """
    return read_model(find_classifier(path), Classifier)


def find_classifier(path: str) -> str:
    """The .keras file of a classifier that a path names; errors as of `load_classifier`."""
    text = os.fspath(path)
    file = os.path.join(text, CLASSIFIER_FILE) if os.path.isdir(text) else text
    if not os.path.isfile(file):
        raise FileNotFoundError(
            f"A classifier must be a .keras file or a folder with {CLASSIFIER_FILE}. Received: "
            f"path={text!r}; `byola classify train` makes one of labels and an encoder."
        )
    if not zipfile.is_zipfile(file):
        raise ValueError(f"`path` must be a .keras file. Received: path={file!r}, which is none.")
    return file


def load_any(path_or_preset: str) -> Embedder | Classifier:
    """Loads a classifier where the path is of one, and else an embedder; errors as of `load`."""
    text = os.fspath(path_or_preset)
    if os.path.isfile(os.path.join(text, CLASSIFIER_FILE)):
        return load_classifier(text)
    model = read_model(find_model(text), keras.Model)
    if not isinstance(model, Embedder | Classifier):
        raise ValueError(
            "`path` must hold a byola_keras.Embedder or Classifier. Received: "
            f"{type(model).__name__} in {text!r}"
        )
    return model
