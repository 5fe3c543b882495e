"""Where embeddings go. What is there is whole, and need not be made again."""

import abc
import os
import shutil
import tempfile
import zipfile

import numpy as np

from byola_keras.atomic import replacing
from byola_keras.embedding.embed_many import Parts
from byola_keras.embedding.running_pooling import RunningPooling

# Frames of a file beyond so many bytes wait on the disk.
_FRAMES_IN_MEMORY = 2**26


class Outputs(abc.ABC):
    """Embeddings of one model in a folder.

    Args:
        folder: for all outputs.
        model: what identifies the model, see `model_card.identity`.
        pooling: that of the model.
    """

    def __init__(self, folder: str, model: str, pooling: str):
        self.folder, self.model, self._pooling = folder, model, pooling

    @abc.abstractmethod
    def done(self, names: list[str]) -> set[str]:
        """Those of the names whose embeddings are there.

        Raises:
            ValueError: some that are there are another model's.
        """

    @abc.abstractmethod
    def write(self, name: str, parts: Parts) -> int:
        """Takes the embeddings of a file and gives the number of its frames. Errors of the parts pass."""

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

    def write(self, name, parts):
        pooling, timestamps = RunningPooling(self._pooling), []
        with tempfile.SpooledTemporaryFile(_FRAMES_IN_MEMORY, dir=self.folder) as frames:
            for times, part in parts:
                pooling.update(part)
                if self._frames:
                    timestamps.append(times)
                    frames.write(part.astype("<f4", copy=False).tobytes())
            arrays = {"scene": pooling.result(), "model": np.array(self.model)}
            path = self._path(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
                if self._frames:
                    arrays["timestamps_ms"] = np.concatenate(timestamps)
                    shape = (pooling.count, len(arrays["scene"]))
                    _write_frames(archive, frames, shape)
                for key, array in arrays.items():
                    with archive.open(f"{key}.npy", "w") as member:
                        np.lib.format.write_array(member, array)
        return pooling.count

    def flush(self):
        """Every file is written at once."""

    def clear(self):
        """Every file is replaced."""

    def _path(self, name):
        # With the extension of the sound: a.wav and a.flac may lie in one folder.
        return os.path.join(self.folder, f"{name}.npz")


def _write_frames(archive, frames, shape):
    frames.seek(0)
    with archive.open("frames.npy", "w", force_zip64=True) as member:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        shutil.copyfileobj(frames, member, 2**20)
