"""Finds sound files, and gives them names that do not depend on where they lie."""

import glob
import hashlib
import os
from collections.abc import Sequence

from byola_keras.audio import storage

EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3")


def find_audio_files(
    audio_dirs: Sequence[str] = (),
    file_list: str | None = None,
    with_folders: bool = False,
    called: str = "audio_dir",
) -> list[str]:
    """Finds sound files.

    Args:
        audio_dirs: folders (searched with all subfolders), glob patterns ("clips/**/*.flac") or files.
        file_list: text file with one path or address ("s3://...", "https://...") a line; empty lines
            and lines that begin with # are left out; relative paths count from the folder of the list.
        with_folders: whether folders that are named like a sound file are among the results.
        called: what the user knows `audio_dirs` by; errors call it so.

    Returns:
        Paths, sorted, each once. From folders only names that end in one of `EXTENSIONS`, in upper or
        lower case; from patterns and lists whatever they name.

    Raises:
        FileNotFoundError: a folder, file or list is not there.
        ValueError: no sound file was found.
    """
    if not audio_dirs and not file_list:
        raise ValueError(f"At least one of `{called}` and `file_list` must be given. Received: neither.")
    found = set()
    for entry in audio_dirs:
        found.update(_expand(entry, with_folders, called))
    if file_list:
        found.update(_read_list(file_list))
    if not found:
        listed = f", file_list={file_list!r}" if file_list else ""
        raise ValueError(
            f"There must be at least one sound file ({', '.join(EXTENSIONS)}). Received: "
            f"{called}={list(audio_dirs)}{listed}, in which none was found; check the path and the "
            "extensions."
        )
    return sorted(found)


def _expand(entry, with_folders, called):
    if os.path.isdir(entry):
        return _walk(entry, with_folders)
    if os.path.isfile(entry):
        return [entry]
    matches = [path for path in glob.glob(entry, recursive=True) if os.path.isfile(path)]
    if not matches and not glob.has_magic(entry):
        raise FileNotFoundError(
            f"`{called}` must be a folder, a glob pattern or a file. Received: {called}={entry!r}, which "
            "is not there."
        )
    return matches


def _walk(folder, with_folders):
    visited = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        # A link to a folder above would lead round and round.
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        for name in names + folders if with_folders else names:
            if name.lower().endswith(EXTENSIONS):
                yield os.path.join(parent, name)


def _read_list(file_list):
    if not os.path.isfile(file_list):
        raise FileNotFoundError(
            f"`file_list` must be a text file with one path a line. Received: file_list={file_list!r}, which "
            "is not there."
        )
    folder = os.path.dirname(os.path.abspath(file_list))
    with open(file_list, encoding="utf-8") as lines:
        paths = [line.strip() for line in lines]
    return [
        path if storage.is_remote(path) else os.path.join(folder, path)
        for path in paths
        if path and not path.startswith("#")
    ]


def fingerprint(files: Sequence[str]) -> str:
    """Hashes the names and the order of `files`, without the folder that they all share.

    The stream of a training run is a function of this list: a run may be resumed with the folder
    moved, but not with files added or gone. The hash begins with the version of the rule for names.
    """
    return "v2-" + _hash_lines(relative_names(files))


def former_fingerprint(files: Sequence[str]) -> str:
    """The fingerprint that runs have kept which were started before version 2, for comparison with theirs."""
    return _hash_lines(former_relative_names(files))


def relative_names(files: Sequence[str]) -> list[str]:
    """The paths without the folder that they all share; folders are taken as a whole."""
    parts = [path.split("/") for path in files]
    # Of lists, `commonprefix` compares whole elements; `commonpath` refuses addresses among paths.
    shared = len(os.path.commonprefix([folders for *folders, _ in parts]))
    return ["/".join(path[shared:]) for path in parts]


def former_relative_names(files: Sequence[str]) -> list[str]:
    """The names before version 2, which cut letters off: of dogs/1.wav and dolphins/1.wav the "do"."""
    cut = len(os.path.commonprefix([os.path.dirname(path) + "/" for path in files]))
    return [path[cut:] for path in files]


def _hash_lines(names):
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:16]
