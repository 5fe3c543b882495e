"""Embeddings as a table with one row for each file, in parts: a kill costs the last part alone."""

import abc
import glob
import hashlib
import os
import shutil
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from byola_keras.atomic import replacing
from byola_keras.embedding.outputs import Outputs, scene_and_count

# A part is written when it has so many rows, or when its first row has waited so long.
_PART_ROWS = 10_000
_PART_SECONDS = 300.0


class Table(Outputs):
    """`embeddings.SUFFIX/part-*.SUFFIX`: path below the inputs' folder, scene [D] and model of each file."""

    suffix: str

    def __init__(self, folder: str, model: str, pooling: str):
        super().__init__(folder, model, pooling)
        self._rows: dict[str, np.ndarray] = {}
        self._first_row = 0.0

    @property
    def _parts_folder(self):
        return os.path.join(self.folder, f"embeddings.{self.suffix}")

    def done(self, names):
        found = set()
        for part in glob.glob(os.path.join(glob.escape(self._parts_folder), f"part-*.{self.suffix}")):
            for name, model in self._read_part(part):
                self._check_model(name, model)
                found.add(name)
        return {name for name in names if _readable(name) in found}

    def write(self, name, embeddings):
        scene, count = scene_and_count(embeddings, self._pooling)
        self._first_row = self._first_row if self._rows else time.monotonic()
        self._rows[_readable(name)] = scene
        if len(self._rows) >= _PART_ROWS or time.monotonic() - self._first_row > _PART_SECONDS:
            self.flush()
        return count

    def flush(self):
        if not self._rows:
            return
        rows = dict(sorted(self._rows.items()))
        # The file name is a hash of the rows, so a retried bundle overwrites itself.
        key = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]
        os.makedirs(self._parts_folder, exist_ok=True)
        with replacing(os.path.join(self._parts_folder, f"part-{key}.{self.suffix}")) as temporary:
            self._write_part(temporary, rows)
        self._rows = {}

    def clear(self):
        shutil.rmtree(self._parts_folder, ignore_errors=True)

    @abc.abstractmethod
    def _write_part(self, path: str, rows: dict[str, np.ndarray]) -> None:
        """Writes names and scenes."""

    @abc.abstractmethod
    def _read_part(self, path: str) -> Iterator[tuple[str, str]]:
        """Name and model of each row."""


class ParquetTable(Table):
    """Apache Parquet: `pandas.read_parquet("embeddings.parquet")` reads all parts."""

    suffix = "parquet"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        try:
            import pyarrow.parquet  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "Parquet needs the package pyarrow; run: pip install 'byola-keras[parquet]'"
            ) from error
        self._arrow = pyarrow

    def _write_part(self, path, rows):
        arrow, scenes = self._arrow, np.stack(list(rows.values()))
        columns = {
            "path": arrow.array(rows.keys(), arrow.string()),
            "scene": arrow.FixedSizeListArray.from_arrays(scenes.reshape(-1), scenes.shape[1]),
            "model": arrow.array([self.model] * len(rows), arrow.string()),
        }
        arrow.parquet.write_table(arrow.table(columns), path)

    def _read_part(self, path):
        table = self._arrow.parquet.read_table(path, columns=["path", "model"])
        return zip(table["path"].to_pylist(), table["model"].to_pylist(), strict=True)


class TfrecordTable(Table):
    """`tf.train.Example` records with the features path (bytes), scene (floats) and model (bytes)."""

    suffix = "tfrecord"

    def _write_part(self, path, rows):
        with tf.io.TFRecordWriter(path) as writer:
            for name, scene in rows.items():
                features = {
                    "path": _bytes(name),
                    "scene": tf.train.Feature(float_list=tf.train.FloatList(value=scene)),
                    "model": _bytes(self.model),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())

    def _read_part(self, path):
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            yield tuple(feature[key].bytes_list.value[0].decode() for key in ("path", "model"))


def _bytes(text):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))


def _readable(name):
    """A name as valid text: a file may be called by any bytes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
