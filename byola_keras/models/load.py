"""Embedders as users name them: by a path, a name or an address on a hub."""

from byola_keras.models.embedder import Embedder


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
        ValueError: the file holds something else, or is damaged.
        ImportError: the client of the hub is not installed.
    """
    return Embedder.from_preset(path_or_preset)
