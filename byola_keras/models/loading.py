"""Loading a trained embedder."""

import os
import zipfile

import keras

from byola_keras.models.embedder import Embedder

EMBEDDER_FILE = "embedder.keras"


def load(path: str) -> Embedder:
    """Loads an embedder with its front end and normalisation statistics.

    Args:
        path: an `embedder.keras` file, or a working directory of `tools/pretrain.py` that holds one.

    Returns:
        The `Embedder`, ready for inference.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: the file holds something else.
    """
    file = os.path.join(path, EMBEDDER_FILE) if os.path.isdir(path) else path
    if not os.path.isfile(file):
        raise FileNotFoundError(
            f"`path` must be a .keras file or a directory with {EMBEDDER_FILE}. Received: path={path!r}; "
            "train one with tools/pretrain.py."
        )
    if not zipfile.is_zipfile(file):
        raise ValueError(f"`path` must be a .keras file. Received: path={path!r}, which is none.")
    model = keras.saving.load_model(file, compile=False)
    if not isinstance(model, Embedder):
        raise ValueError(
            f"`path` must hold a byola_keras.Embedder. Received: {type(model).__name__} in {file!r}"
        )
    return model
