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
from byola_keras.embedding.outputs import SOURCE_KEYS, Found, Outputs, scene_and_count
from byola_keras.embedding.sources import Source, readable

# A part is written when it has so many rows, or when its first row has waited so long.
_PART_ROWS = 10_000
_PART_SECONDS = 300.0


class Table(Outputs):
    """`embeddings.SUFFIX/part-*.SUFFIX`: name, scene [D], model and source of each file."""

    suffix: str

    def __init__(self, folder: str, model: str, pooling: str):
        super().__init__(folder, model, pooling)
        self._rows: dict[str, tuple[np.ndarray, Source]] = {}
        self._first_row = 0.0

    @property
    def _parts_folder(self):
        return os.path.join(self.folder, f"embeddings.{self.suffix}")

    def _parts(self):
        return glob.glob(os.path.join(glob.escape(self._parts_folder), f"part-*.{self.suffix}"))

    def find(self, files):
        sources = {}
        for part in self._parts():
            for name, model, source in self._read_part(part):
                self._check_model(name, model)
                sources[name] = source
        found = Found(set(), set())
        for file in files:
            if (name := readable(file.name)) in sources:
                kind = found.done if self._is_of(file, sources[name]) else found.changed
                kind.add(file.name)
        return found

    def forget(self, names):
        names = {readable(name) for name in names}
        for part in self._parts():
            found = {name for name, *_ in self._read_part(part)}
            if found <= names:
                os.remove(part)
            elif found & names:
                with replacing(part) as temporary:
                    self._copy_part(part, temporary, names)

    def write(self, name, source, embeddings):
        scene, count = scene_and_count(embeddings, self._pooling)
        self._first_row = self._first_row if self._rows else time.monotonic()
        self._rows[readable(name)] = scene, source
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
    def _write_part(self, path: str, rows: dict[str, tuple[np.ndarray, Source]]) -> None:
        """Writes names, scenes and sources."""

    @abc.abstractmethod
    def _read_part(self, path: str) -> Iterator[tuple[str, str, Source | None]]:
        """Name, model and source of each row; no source in parts from before sources were written."""

    @abc.abstractmethod
    def _copy_part(self, path: str, copy: str, without: set[str]) -> None:
        """Copies all rows but those of some names."""


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
        arrow, (scenes, sources) = self._arrow, zip(*rows.values(), strict=True)
        scenes, (paths, sizes, times) = np.stack(scenes), zip(*sources, strict=True)
        kinds = arrow.string(), arrow.int64(), arrow.int64()
        columns = {
            "path": arrow.array(rows.keys(), arrow.string()),
            "scene": arrow.FixedSizeListArray.from_arrays(scenes.reshape(-1), scenes.shape[1]),
            "model": arrow.array([self.model] * len(rows), arrow.string()),
        }
        for key, values, kind in zip(SOURCE_KEYS, (paths, sizes, times), kinds, strict=True):
            columns[key] = arrow.array(values, kind)
        arrow.parquet.write_table(arrow.table(columns), path)

    def _read_part(self, path):
        parquet = self._arrow.parquet
        has_sources = SOURCE_KEYS[0] in parquet.read_schema(path).names
        keys = ["path", "model", *(SOURCE_KEYS if has_sources else ())]
        columns = parquet.read_table(path, columns=keys).to_pydict()
        for name, model, *source in zip(*(columns[key] for key in keys), strict=True):
            yield name, model, Source(*source) if source else None

    def _copy_part(self, path, copy, without):
        table = self._arrow.parquet.read_table(path)
        kept = self._arrow.array([name not in without for name in table["path"].to_pylist()])
        self._arrow.parquet.write_table(table.filter(kept), copy)


class TfrecordTable(Table):
    """`tf.train.Example` records with the features path, scene (floats), model and the source's."""

    suffix = "tfrecord"

    def _write_part(self, path, rows):
        with tf.io.TFRecordWriter(path) as writer:
            for name, (scene, source) in rows.items():
                features = {
                    "path": _bytes(name),
                    "scene": tf.train.Feature(float_list=tf.train.FloatList(value=scene)),
                    "model": _bytes(self.model),
                    "source": _bytes(source.path),
                    "source_size": _integer(source.size),
                    "source_modified_ns": _integer(source.modified_ns),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                # The order of a map's entries is else another one in each process.
                writer.write(example.SerializeToString(deterministic=True))

    def _read_part(self, path):
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            name, model = (_text(feature[key]) for key in ("path", "model"))
            source = None
            if SOURCE_KEYS[0] in feature:
                path, *numbers = (feature[key] for key in SOURCE_KEYS)
                source = Source(_text(path), *(number.int64_list.value[0] for number in numbers))
            yield name, model, source

    def _copy_part(self, path, copy, without):
        with tf.io.TFRecordWriter(copy) as writer:
            for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
                feature = tf.train.Example.FromString(record).features.feature
                if _text(feature["path"]) not in without:
                    writer.write(record)


def _bytes(text):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))


def _integer(number):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))


def _text(feature):
    return feature.bytes_list.value[0].decode()
