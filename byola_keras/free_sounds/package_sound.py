"""What one package gives to the corpus: its sound is unpacked, chosen and cut."""

import collections
import dataclasses
import os
from collections.abc import Sequence

from byola_keras.audio.decode import AudioError
from byola_keras.free_sounds.deb import Deb
from byola_keras.free_sounds.limits import Limits
from byola_keras.free_sounds.packages import KINDS, kind_of
from byola_keras.free_sounds.pieces import Piece, choose, header_seconds, write_piece
from byola_keras.free_sounds.unpack import FILES_FOLDER, unpack


@dataclasses.dataclass
class PackageSound:
    """The sound of a package.

    Attributes:
        label: name and version of the package, as the name of its folder.
        folder: the folder of the unpacked package.
        pieces: (path of a piece, the piece) for each that was chosen.
        unreadable: path in the package -> reason, for files and excerpts that cannot be decoded.
        found: kind -> number of readable files.
        found_seconds: kind -> their length by their headers.
    """

    label: str
    folder: str
    pieces: list[tuple[str, Piece]] = dataclasses.field(default_factory=list)
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)
    found: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    found_seconds: collections.Counter = dataclasses.field(default_factory=collections.Counter)


def take_sound(deb: Deb, work_dir: str, limits: Limits) -> PackageSound:
    """Unpacks a package and writes the pieces of its sound that come into the corpus.

    Args:
        deb: the package.
        work_dir: gets `unpacked/PACKAGE_VERSION/` and `sound/KIND/PACKAGE_VERSION/`. What is there stays.
        limits: how much is taken.

    Raises:
        ValueError: the package is damaged.
    """
    sound = PackageSound(deb.label, unpack(deb, os.path.join(work_dir, "unpacked")))
    files_folder = os.path.join(sound.folder, FILES_FOLDER)
    files = {kind: [] for kind in KINDS}
    for path in _paths(files_folder):
        try:
            seconds = header_seconds(os.path.join(files_folder, path))
        except AudioError as error:
            sound.unreadable[path] = str(error)
            continue
        files[kind_of(deb.name, path)].append((path, seconds))
    for kind in KINDS:
        sound.found[kind] = len(files[kind])
        sound.found_seconds[kind] = sum(seconds for _, seconds in files[kind])
        target = os.path.join(work_dir, "sound", kind, deb.label)
        _write(choose(files[kind], kind, limits), files_folder, target, sound)
    return sound


def _paths(folder: str) -> Sequence[str]:
    """Paths of all files below a folder, sorted."""
    paths = []
    for parent, _, names in os.walk(folder):
        paths += [os.path.relpath(os.path.join(parent, name), folder) for name in names]
    return sorted(paths)


def _write(pieces, files_folder, folder, sound):
    for piece in pieces:
        try:
            sound.pieces.append((write_piece(piece, files_folder, folder), piece))
        except AudioError as error:
            sound.unreadable[piece.name] = str(error)
