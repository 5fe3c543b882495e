"""Embeddings that somebody has computed, a file for each clip."""

import os
from collections.abc import Iterator

import numpy as np

from byola_keras.evaluation.representations.content_hash import hash_of
from byola_keras.evaluation.representations.loaders.outputs import stem
from byola_keras.evaluation.representations.representation import (
    NONE,
    Representation,
    pool,
)
from byola_keras.evaluation.representations.settings import split_settings
from byola_keras.evaluation.task import Clip

_EXTENSIONS = (".npy", ".npz")
# Arrays of an .npz that are taken, the first that is there, or its only one; `byola embed` writes "scene".
_SCENES, _FRAMES = ("scene", "embedding", "embeddings"), ("frames",)


class StoredEmbeddings(Representation):
    """A folder of embeddings: what `byola embed` writes, or an array [D] or [T, D] for each sound file.

    The embeddings of the sound file a/b.wav are in b.wav.npz, b.wav.npy, b.npz or b.npy, in a folder a or in
    no folder: the file that agrees with most folders of the sound is taken.

    Args:
        folder: the folder; its subfolders count too.
        arguments: of `Representation`, but `content`. Sample rate and window say nothing here.

    Raises:
        FileNotFoundError: there is no such folder, or nothing in it.
    """

    takes_sound = False

    def __init__(self, folder: str, **arguments):
        found = dict(sorted(_found(folder)))
        if not found:
            raise FileNotFoundError(
                "`npz` must be a folder of .npz or .npy files, as `byola embed` writes them. Received: "
                f"{folder!r}, which has none"
            )
        self._folder = folder
        files = [(name, *_size_and_time(os.path.join(folder, name))) for name in found.values()]
        super().__init__(content=hash_of(files), **arguments)
        self._files = found
        self._taken: dict[str, str] = {}

    def features(self, waveforms):
        raise self.error("its embeddings were computed elsewhere, and sound cannot be embedded with it")

    def of_clip(self, clip: Clip) -> np.ndarray:
        """The embedding of a clip, float32 [D]; frames are pooled.

        Raises:
            RepresentationError: there is none, or it is not of this clip.
        """
        if clip.is_segment:
            raise self.error(f"there is one embedding for each file. Received: a piece of {clip.path}")
        name = self._file_of(clip.path)
        try:
            array = np.asarray(_read(os.path.join(self._folder, name), clip.path), np.float32)
        except (ValueError, OSError, EOFError) as error:
            raise self.error(f"{name} must hold the embedding of {clip.path}. Received: {error}") from error
        if array.ndim > 1 and self.pooling == NONE:
            raise self.error(f"{name} must hold [D]. Received: {list(array.shape)}")
        self._check_features(array[None], 1)
        return pool(array, self.pooling) if array.ndim > 1 else array

    def _file_of(self, path):
        parts = os.path.abspath(path).split(os.sep)[1:]
        for first in range(len(parts)):
            whole = os.path.join(*parts[first:])
            for key in (whole, os.path.splitext(whole)[0]):
                if key in self._files:
                    return self._only_once(self._files[key], path)
        expected = f"{parts[-1]}.npz"
        raise self.error(
            f"{self._folder} must hold an embedding of each clip. Received: no {expected} of {path}"
        )

    def _only_once(self, name, path):
        """A clip of the same name in another folder must not get this clip's embedding."""
        other = self._taken.setdefault(name, path)
        if other != path:
            raise self.error(
                f"an embedding must be of one clip. Received: {name} for {other} and {path}; the folder of "
                "the embeddings needs the folders of the sound"
            )
        return name


def load_stored(text: str) -> StoredEmbeddings:
    """Makes the representation of FOLDER, with settings behind it, see `split_settings`."""
    settings = split_settings(text, ())
    return StoredEmbeddings(settings.place, **settings.arguments(name=stem(settings.place)))


def _found(folder) -> Iterator[tuple[str, str]]:
    """Pairs (name of the sound file, with or without its extension; name of the file of embeddings)."""
    for at, _, names in os.walk(folder):
        for name in names:
            stem_, extension = os.path.splitext(name)
            if extension in _EXTENSIONS and not name.startswith("."):
                below = os.path.relpath(at, folder)
                yield (
                    os.path.normpath(os.path.join(below, stem_)),
                    os.path.normpath(os.path.join(below, name)),
                )


def _size_and_time(path):
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def _read(path, clip):
    """The array of a file. One of `byola embed` must be of a sound file as large as the clip's."""
    loaded = np.load(path)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded as saved:
        if "source_size" in saved and int(saved["source_size"]) not in (-1, os.stat(clip).st_size):
            raise ValueError(f"one of other sound, {saved['source']}")
        names = [name for name in (*_SCENES, *_FRAMES) if name in saved] or list(saved)
        if len(names) != 1 and names[0] not in (*_SCENES, *_FRAMES):
            raise ValueError(f"several arrays, none of which is called scene: {', '.join(names) or 'none'}")
        return saved[names[0]]
