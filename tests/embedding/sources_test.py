"""Embeddings know which sound they are of."""

import os

import numpy as np
import pyarrow.parquet
import pytest
import soundfile
import tensorflow as tf

from byola_keras.embedding.outputs import SOURCE_KEYS
from tests.embedding.many_files import embed, rows, written

FORMATS = pytest.mark.parametrize("output_format", ["npz", "parquet", "tfrecord"])


def scenes(output, output_format):
    if output_format == "npz":
        return {name: np.load(output / f"{name}.npz")["scene"] for name in written(output)}
    return {name: scene for name, (scene, _) in rows(output, output_format).items()}


def two_days(tmp_path):
    for day in (1, 2):
        (tmp_path / f"day{day}").mkdir()
        for name in ("a", "b", "c"):
            draws = np.random.default_rng(day * ord(name))
            soundfile.write(tmp_path / f"day{day}" / f"{name}.wav", draws.normal(0, 0.1, 8000), 16000)
    return tmp_path / "day1", tmp_path / "day2"


@FORMATS
def test_other_sound_of_the_same_name_is_refused(model, tmp_path, output, output_format):
    first, second = two_days(tmp_path)
    embed(model, first, output, output_format)
    before = scenes(output, output_format)
    with pytest.raises(
        ValueError, match="one sound file under each name.*day2/a.wav.*day1/a.wav.*--overwrite"
    ):
        embed(model, second, output, output_format)
    np.testing.assert_equal(scenes(output, output_format), before)
    assert embed(model, second, output, output_format, overwrite=True)["embedded"] == 3
    assert (scenes(output, output_format)["a.wav"] != before["a.wav"]).any()


@FORMATS
def test_sound_that_has_changed_is_embedded_again(model, tmp_path, output, output_format):
    first, second = two_days(tmp_path)
    embed(model, first, output, output_format)
    before = scenes(output, output_format)
    (first / "b.wav").write_bytes((second / "b.wav").read_bytes())
    report = embed(model, first, output, output_format)
    assert (report["already_there"], report["embedded"]) == (2, 1)
    after = scenes(output, output_format)
    assert sorted(after) == sorted(before)
    changed = {name for name in before if (after[name] != before[name]).any()}
    assert changed == {"b.wav"}
    assert embed(model, first, output, output_format)["already_there"] == 3
    for path in first.iterdir():
        os.utime(path, (0, 0))
    assert embed(model, first, output, output_format)["embedded"] == 3
    assert sorted(scenes(output, output_format)) == ["a.wav", "b.wav", "c.wav"]


@FORMATS
def test_embeddings_without_a_source_count_by_name(model, tmp_path, output, output_format):
    first, second = two_days(tmp_path)
    embed(model, first, output, output_format)
    without_sources(output, output_format)
    assert embed(model, second, output, output_format)["already_there"] == 3


def without_sources(output, output_format):
    """Rewrites embeddings as they were before sources were written with them."""
    if output_format == "npz":
        for path in output.rglob("*.npz"):
            with np.load(path) as saved:
                kept = {key: saved[key] for key in saved if "source" not in key}
            np.savez(path, **kept)
        return
    for path in list((output / f"embeddings.{output_format}").iterdir()):
        if output_format == "parquet":
            table = pyarrow.parquet.read_table(path, columns=["path", "scene", "model"])
            pyarrow.parquet.write_table(table, path)
            continue
        examples = [
            tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))
        ]
        with tf.io.TFRecordWriter(str(path)) as writer:
            for example in examples:
                for key in SOURCE_KEYS:
                    del example.features.feature[key]
                writer.write(example.SerializeToString())


def test_sound_whose_folder_has_moved_is_not_embedded_again(model, tmp_path, output):
    first, _ = two_days(tmp_path)
    assert embed(model, first, output, "npz")["embedded"] == 3
    first.rename(tmp_path / "moved")
    assert embed(model, tmp_path / "moved", output, "npz")["already_there"] == 3
