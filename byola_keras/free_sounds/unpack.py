"""Takes the sound files and the copyright file out of a Debian package."""

import hashlib
import io
import json
import os
import posixpath
import re
import shutil
import zipfile
import zlib
from typing import IO

from absl import logging

from byola_keras.atomic import replacing_folder
from byola_keras.free_sounds.deb import Deb, damage_named, files_of

EXTENSIONS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au")
FILES_FOLDER, COPYRIGHT_FILE, PACKAGE_FILE = "files", "copyright", "package.json"

# OpenTTD's archives: an index, then WAV files.
_ROW_OF_WAV = ".cat"
_ZIP_MAGIC = b"PK\x03\x04"
# A package may leave its copyright file to another one, by a link; most have one of their own.
_COPYRIGHT = re.compile(r"usr/share/doc/[^/]+/copyright")


def unpack(deb: Deb, folder: str) -> str:
    """Takes the sound out of a package, also out of archives in it: zip (.pk3, .wz, .jar) and .cat.

    Args:
        deb: the package.
        folder: the folder that gets a folder for this package, named by name and version: `files/` with the
            sound under the paths that it has in the package (an archive becomes a folder), `copyright` and
            `package.json`. It is whole or not there; one that is there is left as it is.

    Returns:
        The folder of this package.

    Raises:
        ValueError: the package is damaged.
    """
    target = os.path.join(folder, deb.label)
    if os.path.exists(os.path.join(target, PACKAGE_FILE)):
        return target
    with replacing_folder(target) as temporary, damage_named(deb.path):
        for path, content in files_of(deb):
            if _COPYRIGHT.fullmatch(path):
                _copy(content, os.path.join(temporary, COPYRIGHT_FILE))
            else:
                _take(path, content, os.path.join(temporary, FILES_FOLDER))
        about = {
            "package": deb.name,
            "version": deb.version,
            "bytes": os.path.getsize(deb.path),
            "sha256": _sha256(deb.path),
        }
        with open(os.path.join(temporary, PACKAGE_FILE), "w", encoding="utf-8") as file:
            json.dump(about, file, indent=1)
    return target


def _take(path, content, folder):
    """Keeps a file if it is sound, and the sound in it if it is an archive."""
    if path.lower().endswith(EXTENSIONS):
        _copy(content, _inside(folder, path))
    elif path.lower().endswith(_ROW_OF_WAV):
        for number, sound in enumerate(_wav_files(content.read())):
            _copy(io.BytesIO(sound), _inside(folder, f"{path}/{number:04d}.wav"))
    elif content.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC:
        content.seek(0)
        # Looking for its list of files at its end would decompress a package twice: the archive is copied.
        copy = os.path.join(folder, ".archive")
        _copy(content, copy)
        try:
            _take_from_zip(copy, path, folder)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            logging.warning("%s: what is behind %s is left out.", path, error)
        finally:
            os.remove(copy)


def _take_from_zip(copy, path, folder):
    with zipfile.ZipFile(copy) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith(EXTENSIONS) and not member.is_dir():
                with archive.open(member) as sound:
                    _copy(sound, _inside(folder, f"{path}/{member.filename}"))


def _wav_files(content):
    """The WAV files that stand one after the other in an archive."""
    start = content.find(b"RIFF")
    while start >= 0:
        end = start + 8 + int.from_bytes(content[start + 4 : start + 8], "little")
        if content[start + 8 : start + 12] == b"WAVE":
            yield content[start:end]
        start = content.find(b"RIFF", start + 12)


def _inside(folder, path):
    """The place of a path below `folder`, also where the path would lead out of it."""
    return os.path.join(folder, posixpath.normpath("/" + path).lstrip("/"))


def _copy(content: IO[bytes], target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        shutil.copyfileobj(content, file, 2**20)


def _sha256(path):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()
