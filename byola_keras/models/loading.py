"""Loading a trained embedder."""

from byola_keras.models.embedder import Embedder


def load(path_or_preset: str) -> Embedder:
    """Loads an embedder with its front end and normalisation statistics.

    Args:
        path_or_preset: an `embedder.keras` file; a working directory of `tools/pretrain.py` that holds one;
            the folder of a preset, see `Embedder.save_to_preset`; or the name of a preset in a folder of the
            environment variable BYOLA_KERAS_PRESETS, without which it is
            `~/.local/share/byola_keras/presets`. What a path holds comes before a name.

    Returns:
        The `Embedder`, ready for inference.

    Raises:
        FileNotFoundError: nothing there.
        ValueError: the file holds something else.
    """
    return Embedder.from_preset(path_or_preset)
