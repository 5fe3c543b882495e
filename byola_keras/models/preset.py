"""Where trained embedders lie: .keras files and presets, folders of plain files with a path or a name."""

import contextlib
import importlib
import json
import os
import re
import tempfile
import warnings
import zipfile

import keras

from byola_keras.atomic import replacing_folder, write_text
from byola_keras.models import hubs
from byola_keras.models.checksums import check_checksums, write_checksums
from byola_keras.models.half_precision import halve
from byola_keras.models.model_card import as_markdown, describe

# No cache: what was trained cannot be fetched again.
_DEFAULT_FOLDER = "~/.local/share/byola_keras/presets"
FOLDERS_VARIABLE = "BYOLA_KERAS_PRESETS"
# Presets that come with the package.
SHIPPED_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "presets")
# What stands before a name where a path could be meant, too.
NAME_SCHEME = "preset://"
# Modules with classes of one's own, which Keras must know before it loads a model with them.
MODULES_VARIABLE = "BYOLA_KERAS_MODULES"
EMBEDDER_FILE = "embedder.keras"
CLASSIFIER_FILE = "classifier.keras"
_CONFIG_FILE, _WEIGHTS_FILE = "config.json", "model.weights.h5"


def preset_folders() -> list[str]:
    """Folders in which presets are looked up by name, the first of which new ones go to.

    Those of the environment variable `BYOLA_KERAS_PRESETS`, separated as in PATH, or else
    `~/.local/share/byola_keras/presets`.
    """
    folders = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    return [folder for folder in folders if folder] or [os.path.expanduser(_DEFAULT_FOLDER)]


def preset_names() -> list[str]:
    """Names of all presets of one's own that `load` knows, sorted."""
    return sorted({name for folder in preset_folders() for name in names_in(folder)})


def shipped_names() -> list[str]:
    """Names of the presets that come with the package, sorted."""
    return names_in(SHIPPED_FOLDER)


def names_in(folder: str) -> list[str]:
    """Names of the presets in a folder, sorted; none where there is no such folder."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    # Hidden is what a killed process left unfinished.
    return [name for name in names if name[0] != "." and is_preset(os.path.join(folder, name))]


def find_model(path_or_preset: str) -> str:
    """The .keras file or the folder of a preset that is meant, see `byola_keras.load`.

    What begins with "hf://" or "kaggle://" is an address on a hub, with "preset://" a name; what has a
    separator of folders is a path. A bare word is the path of what lies in the current directory, or else a
    name; where it could be both, a warning says which was taken. Of presets of one name that of the first
    folder of `preset_folders()` is taken, and those of the package are the last.

    Returns:
        Its local path; what lies on a hub is fetched first, unless it is in the cache of the hub's client.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file is of another kind, or the folder is that of a classifier.
        ImportError: the client of the hub is not installed.
    """
    text = os.fspath(path_or_preset)
    if hubs.is_address(text):
        return _model_at(hubs.download(text)) or _raise_not_found(text)
    if text.startswith(NAME_SCHEME):
        return _preset_of_name(text.removeprefix(NAME_SCHEME)) or _raise_not_found(text)
    here = _model_at(text)
    if os.path.basename(text) != text:
        return here or _raise_not_found(text)
    named = _preset_of_name(text)
    if named and os.path.lexists(text):
        warnings.warn(
            f"{text!r} is both a path in the current directory and the name of a preset. Taken: "
            f"{'the path' if here else 'the preset, as the path holds no model'}; {os.path.join('.', text)} "
            f"means the path only, {NAME_SCHEME}{text} the preset only.",
            stacklevel=2,
        )
    return here or named or _raise_not_found(text)


def _model_at(path):
    """The file or folder of the model that a path holds, or None."""
    file = os.path.join(path, EMBEDDER_FILE) if os.path.isdir(path) else path
    if os.path.isfile(file):
        if not zipfile.is_zipfile(file):
            raise ValueError(f"`path` must be a .keras file. Received: path={path!r}, which is none.")
        return file
    return path if is_preset(path) else None


def _preset_of_name(name):
    """The folder of the preset of this name, or None."""
    found = [
        folder
        for folder in [*preset_folders(), SHIPPED_FOLDER]
        if os.path.basename(name) == name and name in names_in(folder)
    ]
    if found[1:] and found[-1] == SHIPPED_FOLDER:
        warnings.warn(
            f"{name!r} is the name of a preset of the package and of one of yours. Taken: that in "
            f"{found[0]}; rename its folder to get that of the package.",
            stacklevel=3,
        )
    return os.path.join(found[0], name) if found else None


def _raise_not_found(text):
    if os.path.isfile(os.path.join(text, CLASSIFIER_FILE)):
        raise ValueError(
            f"`path` must be that of an embedder. Received: path={text!r}, the folder of a classifier; "
            "`byola_keras.load_classifier` loads it."
        )
    raise FileNotFoundError(
        f"`path` must be a .keras file, a directory with {EMBEDDER_FILE} or of a preset, a preset's name, or "
        f"an address on a hub ({', '.join(hubs.FORMS)}). Received: path={text!r}; train one with `byola "
        f"pretrain`. Known names: {', '.join(preset_names()) or 'none'} (in {', '.join(preset_folders())}), "
        f"and in the package {', '.join(shipped_names()) or 'none'}."
    )


def is_preset(folder: str) -> bool:
    """Whether the folder holds a preset."""
    return all(os.path.isfile(os.path.join(folder, name)) for name in (_CONFIG_FILE, _WEIGHTS_FILE))


def new_preset_folder(name: str) -> str:
    """Where a preset of this name is saved."""
    check_name(name)
    if name in shipped_names():
        raise ValueError(
            f"`name` must not be that of a preset of the package ({', '.join(shipped_names())}). Received: "
            f"name={name!r}"
        )
    return os.path.join(preset_folders()[0], name)


def check_name(name: str) -> None:
    """Raises a ValueError for what can be no name of a preset."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ValueError(
            "`name` must be letters, digits, '_', '-' and '.', the first a letter or digit. Received: "
            f"name={name!r}; a path is given as `folder`."
        )


def check_free(folder: str, overwrite: bool) -> None:
    """Raises a FileExistsError where something is there, but for a preset that may be replaced."""
    if os.path.exists(folder) and not (overwrite and is_preset(folder)):
        raise FileExistsError(
            f"A preset must go to a new folder, or replace another preset with overwrite=True. Received: "
            f"folder={folder!r}, overwrite={overwrite}"
        )


def save_preset(embedder: keras.Model, folder: str, overwrite: bool = False, float16: bool = False) -> None:
    """Writes a built embedder to a folder, see `Embedder.save_to_preset`.

    Args:
        embedder: a built embedder.
        folder: of the preset.
        overwrite: whether a preset that is there is replaced.
        float16: whether its dense kernels are stored in 16 bits, see `half_precision.halve`.

    Raises:
        FileExistsError: something is there that must not be replaced.
    """
    check_free(folder, overwrite)
    with replacing_folder(folder) as temporary:
        # What Keras itself packs into a .keras file: config.json, model.weights.h5, metadata.json.
        embedder.save(temporary, zipped=False)
        with contextlib.suppress(OSError):
            # Empty: no layer has files of its own.
            os.rmdir(os.path.join(temporary, "assets"))
        if float16:
            halve(os.path.join(temporary, _WEIGHTS_FILE))
            # The card is of what will be loaded.
            embedder = keras.saving.load_model(temporary, compile=False)
        write_checksums(temporary, (_CONFIG_FILE, _WEIGHTS_FILE))
        write_text(os.path.join(temporary, "README.md"), as_markdown(embedder))
        write_text(
            os.path.join(temporary, "model_card.json"), json.dumps(describe(embedder), indent=2) + "\n"
        )


def upload_preset(embedder: keras.Model, address: str, overwrite: bool, float16: bool) -> None:
    """Writes a built embedder to a repository on a hub, see `Embedder.save_to_preset`."""
    with tempfile.TemporaryDirectory() as folder:
        preset = os.path.join(folder, "preset")
        save_preset(embedder, preset, float16=float16)
        hubs.upload(preset, address, overwrite)


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
        ValueError: it holds another one, or one with a class that Keras does not know, or its files are not
            those of its checksums.
        ImportError: a module of the variable cannot be imported.
    """
    check_checksums(path)
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
