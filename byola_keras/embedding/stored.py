"""Reads what `byola embed` has written: the scenes of files, or of pieces of them."""

import glob
import os
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from byola_keras.embedding.running_pooling import RunningPooling
from byola_keras.models.contract import POOLINGS

# Rows of a table that are read at a time.
_BATCH_ROWS = 4096


class StoredScene(NamedTuple):
    """The embedding of a sound file, or of a piece of it.

    Attributes:
        name: name of the file among those that were embedded.
        source: its path or address when it was embedded; empty where that was not written.
        model: identity of the model, see `model_card.identity`.
        scene: float32 [D].
        start: where the piece begins in the file, in seconds.
        end: where it ends; None for a whole file.
    """

    name: str
    source: str
    model: str
    scene: np.ndarray
    start: float = 0.0
    end: float | None = None


def read_scenes(folder: str, window_seconds: float = 0.0) -> Iterator[StoredScene]:
    """Reads all embeddings of a folder, one after the other.

    Args:
        folder: the output folder of `byola embed`, of any of its formats.
        window_seconds: length of the pieces of which each gets a scene, pooled as the model pools; rounded to
            whole frames, the last piece of a file may be shorter. 0 gives the scenes of the files. Pieces
            need the frames, which only .npz files have.

    Yields:
        The scenes in the order of the files' names, or of a table's parts.

    Raises:
        FileNotFoundError: there are no embeddings in the folder.
        ValueError: a file is broken, pieces are wanted and frames are not there, or the models differ.
    """
    model = None
    for stored in _read(folder, window_seconds):
        model = stored.model if model is None else model
        if stored.model != model:
            raise ValueError(
                f"`embeddings` must be of one model. Received: {stored.name!r} of the model {stored.model} "
                f"and others of {model} in {folder!r}. Embed the sound anew into another folder."
            )
        if not np.isfinite(stored.scene).all():
            raise ValueError(
                f"`embeddings` must be finite. Received: values that are not, of {stored.name!r} in "
                f"{folder!r}. Embed this file again."
            )
        yield stored
    if model is None:
        raise FileNotFoundError(
            "`embeddings` must be a folder that byola embed has written. Received: "
            f"embeddings={folder!r}, in which there are none."
        )


def _read(folder, window_seconds):
    tables = {"parquet": _read_parquet, "tfrecord": _read_tfrecord}
    for suffix, read in tables.items():
        for part in sorted(
            glob.glob(os.path.join(glob.escape(folder), f"embeddings.{suffix}", f"part-*.{suffix}"))
        ):
            if window_seconds:
                raise ValueError(
                    "`window_seconds` needs frames, which tables do not have. Received: "
                    f"window_seconds={window_seconds} with {part!r}. Embed with --format=npz."
                )
            yield from read(part)
    yield from _read_archives(folder, window_seconds)


def _read_archives(folder, window_seconds):
    pooling, with_frames = None, " with frames" if window_seconds else ""
    for at, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if not file.endswith(".npz") or file.startswith("."):
                continue
            path = os.path.join(at, file)
            name = os.path.relpath(path, folder).removesuffix(".npz")
            try:
                with np.load(path) as saved:
                    source = str(saved["source"]) if "source" in saved else ""
                    about = (name, source, str(saved["model"]))
                    scene = saved["scene"]
                    if not window_seconds:
                        yield StoredScene(*about, scene)
                        continue
                    frames, times = saved["frames"], saved["timestamps_ms"]
            except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
                raise ValueError(
                    f"An .npz must be one that byola embed has written{with_frames}. "
                    f"Received: {path!r} ({error}). Embed again, or remove it."
                ) from error
            pooling = pooling or _pooling_of(frames, scene, path)
            yield from _pieces(about, frames, times, pooling, window_seconds)


def _pieces(about, frames, times, pooling, window_seconds):
    # A file of one frame does not tell how far frames are apart, and is one piece anyway.
    step = (times[1] - times[0]) / 1000 if len(times) > 1 else window_seconds
    size = max(1, round(window_seconds / step))
    for first in range(0, len(frames), size):
        part = frames[first : first + size]
        yield StoredScene(*about, _pooled(part, pooling), first * step, (first + len(part)) * step)


def _pooled(frames, pooling):
    running = RunningPooling(pooling)
    running.update(frames)
    return running.result()


def _pooling_of(frames, scene, path):
    """How the frames became the scene, which the files do not say."""
    for pooling in POOLINGS:
        pooled = _pooled(frames, pooling)
        if pooled.shape == scene.shape and np.allclose(pooled, scene, rtol=1e-3, atol=1e-3):
            return pooling
    raise ValueError(
        f"A scene must be the frames pooled by one of {POOLINGS}. Received: another scene in {path!r}; "
        "--window_seconds cannot be used with this model."
    )


def _read_parquet(part):
    try:
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(
            "Parquet needs the package pyarrow; run: pip install 'byola-keras[parquet]'"
        ) from error
    with pyarrow.parquet.ParquetFile(part) as file:
        has_source = "source" in file.schema_arrow.names
        columns = ["path", "model", "scene", *(["source"] if has_source else [])]
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
            scenes = batch["scene"].flatten().to_numpy().reshape(len(batch), -1)
            names, models = batch["path"].to_pylist(), batch["model"].to_pylist()
            sources = batch["source"].to_pylist() if has_source else [""] * len(batch)
            for row in zip(names, sources, models, scenes, strict=True):
                yield StoredScene(*row)


def _read_tfrecord(part):
    import tensorflow as tf  # noqa: PLC0415

    for record in tf.data.TFRecordDataset(part).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        name, model, *source = (
            feature[key].bytes_list.value[0].decode() for key in ("path", "model", "source") if key in feature
        )
        scene = np.array(feature["scene"].float_list.value, np.float32)
        yield StoredScene(name, *(source or [""]), model, scene)
