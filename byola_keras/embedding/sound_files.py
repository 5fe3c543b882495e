"""Finds the sound files to embed, and the name of each in the results."""

import glob
import os
from collections.abc import Sequence
from typing import NamedTuple

from byola_keras.audio import storage
from byola_keras.audio.files import find_audio_files


class SoundFile(NamedTuple):
    """A sound file, and its name: the path below the folder that all inputs share."""

    path: str
    name: str


def find_sound_files(inputs: Sequence[str], file_list: str | None = None) -> list[SoundFile]:
    """Finds sound files; arguments and errors as of `find_audio_files`.

    Names begin below the folder that all inputs share; a pattern counts as the folder before its first
    wildcard. The files that are found do not matter for it, so that names stay when files are added.

    Returns:
        Files in the order of their paths, each once; no two have the same name.
    """
    places = [_folder(entry) for entry in inputs]
    files = {_place(path): path for path in find_audio_files(inputs, file_list, called="input")}
    places += [os.path.dirname(place) for place in files if not _is_below(place, places)]
    shared = os.path.commonpath(places)
    return [SoundFile(path, os.path.relpath(place, shared)) for place, path in files.items()]


def _folder(entry):
    """Returns the absolute path of the folder that an entry names."""
    if os.path.isdir(entry):
        return _place(entry)
    parts = entry.split(os.sep)
    fixed = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return _place(os.sep.join(parts[:fixed]) + os.sep if fixed else ".")


def _place(path):
    """Returns a path or an address as an absolute path."""
    return "/" + path.replace("://", "/", 1) if storage.is_remote(path) else os.path.abspath(path)


def _is_below(place, folders):
    return any(os.path.commonpath([place, folder]) == folder for folder in folders)
