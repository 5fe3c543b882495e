"""The files to which embeddings are written. A file that is there is whole and need not be made again."""

import abc
import contextlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from byola_keras.atomic import replacing
from byola_keras.embedding.embed_many import Embeddings
from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.embedding.sound_files import SoundFile
from byola_keras.embedding.sources import Source

# Beyond so many bytes the frames of a file wait on the disk.
_FRAMES_IN_MEMORY = 2**26
# Names of the fields of `Source` in what is written.
SOURCE_KEYS = ("source", "source_size", "source_modified_ns")


class Found(NamedTuple):
    """Which files have embeddings already.

    Attributes:
        done: names whose embeddings are there and whole.
        changed: names whose embeddings are there and of sound that has changed since.
    """

    done: set[str]
    changed: set[str]


class Outputs(abc.ABC):
    """Embeddings of one model in a folder.

    Args:
        folder: folder of all outputs.
        model: identity of the model, see `model_card.identity`.
        pooling: pooling of the model, see `RunningPooling`.
    """

    def __init__(self, folder: str, model: str, pooling: str):
        self.folder, self.model, self._pooling = folder, model, pooling

    @abc.abstractmethod
    def find(self, files: Sequence[SoundFile]) -> Found:
        """Looks for the embeddings of these files.

        Embeddings from before the source was written with them count by their name alone.

        Raises:
            ValueError: some of the embeddings that are there were made by another model, or of another file
                of the same name.
        """

    @abc.abstractmethod
    def write(self, name: str, source: Source, embeddings: Embeddings) -> int:
        """Writes one file's embeddings; returns its number of frames. Errors of its parts propagate."""

    @abc.abstractmethod
    def flush(self) -> None:
        """Writes what `write` has kept in memory."""

    @abc.abstractmethod
    def forget(self, names: set[str]) -> None:
        """Removes what would stay when these names are written again."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Removes what would stay when everything is written again."""

    def _check_model(self, name, model):
        if model != self.model:
            raise ValueError(
                "`output_dir` must hold results of one model with one choice of settings. Received: "
                f"output_dir={self.folder!r}, where those of {name!r} are of another model or of other "
                f"settings ({model}, now {self.model}). Take another --output_dir, or --overwrite."
            )

    def _is_of(self, file: SoundFile, source: Source | None) -> bool:
        """Whether embeddings of this source are those of the file as it is now."""
        if source is None:
            return True
        now = Source.of(file.path)
        if now.size >= 0 and source[1:] == now[1:]:
            return True  # Also where the folder of the sound has moved.
        if source.path != now.path:
            raise ValueError(
                "`output_dir` must hold embeddings of one sound file under each name. Received: "
                f"{now.path!r}; what {self.folder!r} holds under {file.name!r} is of {source.path!r}. Take "
                "another --output_dir, give all inputs in one command, or --overwrite."
            )
        return source == now


def scene_and_count(embeddings: Embeddings, pooling: str) -> tuple[np.ndarray, int]:
    """Returns the scene of a file, float32 [D], and its number of frames; pools them where it must."""
    if embeddings.scene is not None:
        return embeddings.scene, embeddings.count
    running = RunningPooling(pooling)
    for _, frames in embeddings.parts:
        running.update(frames)
    return running.result(), running.count


class NpzFiles(Outputs):
    """`NAME.npz` for the file NAME.

    Holds "scene" float32 [D], "model" and the source: "source" (path), "source_size" and
    "source_modified_ns", see `Source`. Where frames are kept, also "frames" float32 [T', D] and
    "timestamps_ms" float64 [T'].
    """

    def __init__(self, folder: str, model: str, pooling: str, frames: bool = True):
        super().__init__(folder, model, pooling)
        self._frames = frames

    def find(self, files):
        found = Found(set(), set())
        for file in files:
            try:
                with np.load(self._path(file.name)) as saved:
                    model, has_frames, source = str(saved["model"]), "frames" in saved, _source(saved)
            except FileNotFoundError:
                continue
            except (zipfile.BadZipFile, KeyError, ValueError, OSError):
                model = "unknown origin"
            self._check_model(file.name, model)
            if not self._is_of(file, source):
                found.changed.add(file.name)
            elif has_frames or not self._frames:
                found.done.add(file.name)
        return found

    def write(self, name, source, embeddings):
        if not self._frames:
            scene, count = scene_and_count(embeddings, self._pooling)
            with self._archive(name) as archive:
                self._write_arrays(archive, source, scene=scene)
            return count
        pooling, timestamps = RunningPooling(self._pooling), []
        with tempfile.SpooledTemporaryFile(_FRAMES_IN_MEMORY, dir=self.folder) as frames:
            for times, part in embeddings.parts:
                pooling.update(part)
                timestamps.append(times)
                frames.write(part.astype("<f4", copy=False).tobytes())
            scene = pooling.result() if embeddings.scene is None else embeddings.scene
            with self._archive(name) as archive:
                _write_frames(archive, frames, (pooling.count, part.shape[1]))
                self._write_arrays(archive, source, scene=scene, timestamps_ms=np.concatenate(timestamps))
        return pooling.count

    @contextlib.contextmanager
    def _archive(self, name):
        path = self._path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield archive

    def _write_arrays(self, archive, source, **arrays):
        values = dict(zip(SOURCE_KEYS, source, strict=True), model=self.model)
        for key, array in {**arrays, **{key: np.array(value) for key, value in values.items()}}.items():
            with archive.open(f"{key}.npy", "w") as member:
                np.lib.format.write_array(member, array)

    def flush(self):
        """Nothing waits in memory: `write` writes every file at once."""

    def forget(self, names):
        """Nothing would stay: `write` replaces every file."""

    def clear(self):
        """Nothing would stay: `write` replaces every file."""

    def _path(self, name):
        # With the extension of the sound: a.wav and a.flac may lie in one folder.
        return os.path.join(self.folder, f"{name}.npz")


def _source(saved):
    """The source in an .npz; None in one from before sources were written."""
    if SOURCE_KEYS[0] not in saved:
        return None
    return Source(*(saved[key].item() for key in SOURCE_KEYS))


def _write_frames(archive, frames, shape):
    frames.seek(0)
    with archive.open("frames.npy", "w", force_zip64=True) as member:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        shutil.copyfileobj(frames, member, 2**20)
