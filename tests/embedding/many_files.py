"""Embeds a folder as the command does, and reads what was written as users read it."""

import numpy as np
import pyarrow.parquet
import tensorflow as tf

from byola_keras.embedding.embed_files import embed_files
from byola_keras.embedding.request import Request
from byola_keras.embedding.sound_files import find_sound_files

CHUNK_SECONDS = 2.0


def embed(model, clips, output, output_format="npz", overwrite=False, **request):
    request = {"chunk_seconds": CHUNK_SECONDS, **request}
    files = find_sound_files([str(clips)])
    return embed_files(Request(model, str(output), output_format, **request), files, overwrite)


def written(folder):
    return sorted(str(path.relative_to(folder))[:-4] for path in folder.rglob("*.npz"))


def rows(output, output_format):
    """Name -> (scene, model) of a table, read as its users read it."""
    folder = output / f"embeddings.{output_format}"
    if output_format == "parquet":
        table = pyarrow.parquet.read_table(folder).to_pydict()
        found = list(zip(table["path"], table["scene"], table["model"], strict=True))
    else:
        features = {"path": "", "model": ""}
        features = {name: tf.io.FixedLenFeature([], tf.string) for name in features}
        features["scene"] = tf.io.FixedLenFeature([72], tf.float32)
        records = tf.data.TFRecordDataset([str(path) for path in folder.iterdir()])
        parsed = records.map(lambda record: tf.io.parse_single_example(record, features)).as_numpy_iterator()
        found = [(row["path"].decode(), row["scene"], row["model"].decode()) for row in parsed]
    assert len({name for name, *_ in found}) == len(found)
    return {name: (np.asarray(scene, np.float32), model) for name, scene, model in found}
