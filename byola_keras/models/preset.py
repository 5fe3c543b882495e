"""Where trained embedders lie: .keras files and presets, folders of plain files with a path or a name."""

import importlib
import json
import os
import re
import zipfile

import keras

from byola_keras.atomic import replacing_folder, write_text
from byola_keras.models.model_card import as_markdown, describe

# No cache: what was trained cannot be fetched again.
_DEFAULT_FOLDER = "~/.local/share/byola_keras/presets"
FOLDERS_VARIABLE = "BYOLA_KERAS_PRESETS"
# Modules with classes of one's own, which Keras must know before it loads a model with them.
MODULES_VARIABLE = "BYOLA_KERAS_MODULES"
EMBEDDER_FILE = "embedder.keras"
_CONFIG_FILE, _WEIGHTS_FILE = "config.json", "model.weights.h5"


def preset_folders() -> list[str]:
    """Folders in which presets are looked up by name, the first of which new ones go to.

    Those of the environment variable `BYOLA_KERAS_PRESETS`, separated as in PATH, or else
    `~/.local/share/byola_keras/presets`.
    """
    folders = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    return [folder for folder in folders if folder] or [os.path.expanduser(_DEFAULT_FOLDER)]


def preset_names() -> list[str]:
    """Names of all presets that `load` knows, sorted."""
    folders = [folder for folder in preset_folders() if os.path.isdir(folder)]
    entries = {(folder, name) for folder in folders for name in os.listdir(folder)}
    # Hidden is what a killed process left unfinished.
    return sorted(
        {name for folder, name in entries if name[0] != "." and is_preset(os.path.join(folder, name))}
    )


def find_model(path_or_preset: str) -> str:
    """The .keras file or the folder of a preset that is meant, see `byola_keras.load`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file is of another kind.
    """
    path = os.fspath(path_or_preset)
    file = os.path.join(path, EMBEDDER_FILE) if os.path.isdir(path) else path
    if os.path.isfile(file):
        if not zipfile.is_zipfile(file):
            raise ValueError(f"`path` must be a .keras file. Received: path={path!r}, which is none.")
        return file
    is_name = os.path.basename(path) == path
    for folder in [path] + [os.path.join(folder, path) for folder in preset_folders() if is_name]:
        if is_preset(folder):
            return folder
    raise FileNotFoundError(
        f"`path` must be a .keras file, a directory with {EMBEDDER_FILE} or of a preset, or a preset's name. "
        f"Received: path={path!r}; train one with `byola pretrain`. Known names: "
        f"{', '.join(preset_names()) or 'none'} (in {', '.join(preset_folders())})."
    )


def is_preset(folder: str) -> bool:
    """Whether the folder holds a preset."""
    return all(os.path.isfile(os.path.join(folder, name)) for name in (_CONFIG_FILE, _WEIGHTS_FILE))


def new_preset_folder(name: str) -> str:
    """Where a preset of this name is saved."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ValueError(
            "`name` must be letters, digits, '_', '-' and '.', the first a letter or digit. Received: "
            f"name={name!r}; a path is given as `folder`."
        )
    return os.path.join(preset_folders()[0], name)


def save_preset(embedder: keras.Model, folder: str, overwrite: bool = False) -> None:
    """Writes a built embedder to a folder, see `Embedder.save_to_preset`."""
    # Of what is there, only another preset is replaced.
    if os.path.exists(folder) and not (overwrite and is_preset(folder)):
        raise FileExistsError(
            f"A preset must go to a new folder, or replace another preset with overwrite=True. Received: "
            f"folder={folder!r}, overwrite={overwrite}"
        )
    with replacing_folder(folder) as temporary:
        # What Keras itself packs into a .keras file: config.json, model.weights.h5, metadata.json.
        embedder.save(temporary, zipped=False)
        write_text(os.path.join(temporary, "README.md"), as_markdown(embedder))
        write_text(
            os.path.join(temporary, "model_card.json"), json.dumps(describe(embedder), indent=2) + "\n"
        )


def _import_own_modules():
    for name in filter(None, os.environ.get(MODULES_VARIABLE, "").split(",")):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"Modules in {MODULES_VARIABLE} must be importable. Received: {name}: {error}; is its folder "
                "in PYTHONPATH?"
            ) from error


def read_model(path: str, model_class: type[keras.Model]) -> keras.Model:
    """Reads a model of this class from a .keras file or from the folder of a preset.

    Before, the modules that the environment variable `BYOLA_KERAS_MODULES` names, with commas between them,
    are imported. Keras itself imports nothing that a file names.

    Raises:
        ValueError: it holds another one, or one with a class that Keras does not know.
        ImportError: a module of the variable cannot be imported.
    """
    _import_own_modules()
    try:
        model = keras.saving.load_model(path, compile=False)
    except TypeError as error:
        unknown = re.search(r"Could not locate class '(\w+)'", str(error))
        if not unknown:
            raise
        raise ValueError(
            f"Keras must know the classes of a model. Received: {path!r} with the class {unknown[1]!r}; "
            f"import its module before, or name it in {MODULES_VARIABLE} (its folder belongs in PYTHONPATH)."
        ) from error
    if not isinstance(model, model_class):
        raise ValueError(
            f"`path` must hold a byola_keras.{model_class.__name__}. Received: {type(model).__name__} in "
            f"{path!r}"
        )
    return model
