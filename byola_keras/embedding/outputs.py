"""The files to which embeddings are written. A file that is there is whole and need not be made again."""

import abc
import contextlib
import os
import shutil
import tempfile
import zipfile

import numpy as np

from byola_keras.atomic import replacing
from byola_keras.embedding.embed_many import Embeddings
from byola_keras.embedding.running_pooling import RunningPooling

# Beyond so many bytes the frames of a file wait on the disk.
_FRAMES_IN_MEMORY = 2**26


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
    def done(self, names: list[str]) -> set[str]:
        """Returns those of the names whose embeddings are there.

        Raises:
            ValueError: some of the embeddings that are there were made by another model.
        """

    @abc.abstractmethod
    def write(self, name: str, embeddings: Embeddings) -> int:
        """Writes one file's embeddings; returns its number of frames. Errors of its parts propagate."""

    @abc.abstractmethod
    def flush(self) -> None:
        """Writes what `write` has kept in memory."""

    @abc.abstractmethod
    def clear(self) -> None:
        """Removes what would stay when everything is written again."""

    def _check_model(self, name, model):
        if model != self.model:
            raise ValueError(
                f"`output_dir` must hold embeddings of one model. Received: the model {self.model}; those of "
                f"{name!r} in {self.folder!r} are of {model}. Take another --output_dir, or --overwrite."
            )


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

    Holds "scene" float32 [D] and "model", and where frames are kept "frames" float32 [T', D] and
    "timestamps_ms" float64 [T'].
    """

    def __init__(self, folder: str, model: str, pooling: str, frames: bool = True):
        super().__init__(folder, model, pooling)
        self._frames = frames

    def done(self, names):
        return {name for name in names if self._is_done(name)}

    def _is_done(self, name):
        try:
            with np.load(self._path(name)) as saved:
                model, has_frames = str(saved["model"]), "frames" in saved
        except FileNotFoundError:
            return False
        except (zipfile.BadZipFile, KeyError, ValueError, OSError):
            model = "unknown origin"
        self._check_model(name, model)
        return has_frames or not self._frames

    def write(self, name, embeddings):
        if not self._frames:
            scene, count = scene_and_count(embeddings, self._pooling)
            with self._archive(name) as archive:
                self._write_arrays(archive, scene=scene)
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
                self._write_arrays(archive, scene=scene, timestamps_ms=np.concatenate(timestamps))
        return pooling.count

    @contextlib.contextmanager
    def _archive(self, name):
        path = self._path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield archive

    def _write_arrays(self, archive, **arrays):
        for key, array in {**arrays, "model": np.array(self.model)}.items():
            with archive.open(f"{key}.npy", "w") as member:
                np.lib.format.write_array(member, array)

    def flush(self):
        """Nothing waits in memory: `write` writes every file at once."""

    def clear(self):
        """Nothing would stay: `write` replaces every file."""

    def _path(self, name):
        # With the extension of the sound: a.wav and a.flac may lie in one folder.
        return os.path.join(self.folder, f"{name}.npz")


def _write_frames(archive, frames, shape):
    frames.seek(0)
    with archive.open("frames.npy", "w", force_zip64=True) as member:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        shutil.copyfileobj(frames, member, 2**20)
