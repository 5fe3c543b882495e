"""What TensorBoard's own projector plugin reads of the log folder."""

import csv

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.plugins import projector
from tensorboard.plugins.projector import projector_plugin

from byola_keras.explore.points import read_points
from byola_keras.explore.projection import main_components
from byola_keras.explore.projector import write_projector
from tests.factories import tone
from tests.search.stored_scenes import draw, write_scenes


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("projector")
    sources = [str(folder / f"{number}.wav") for number in range(5)]
    for source, pitch in zip(sources[:4], (200, 2000, 200, 2000), strict=True):
        soundfile.write(source, tone(1.0, pitch)[0], 16000)
    names = ["a/1.wav", "a/tab\there.wav", "b/3.wav", "b/4.wav", "c/gone.wav"]
    write_scenes(folder / "embeddings", draw(5, 8), names=names, sources=sources)
    points = read_points(str(folder / "embeddings"))
    return points, write_projector(points, str(folder / "map"))


def test_projector_finds_components_names_and_pictures(log):
    points, folder = log
    config = projector.ProjectorConfig()
    with open(f"{folder}/projector_config.pbtxt", encoding="utf-8") as file:
        text_format.Parse(file.read(), config)
    (embedding,) = config.embeddings
    read = projector_plugin._read_tensor_binary_file(
        f"{folder}/{embedding.tensor_path}", embedding.tensor_shape
    )
    np.testing.assert_array_equal(read, main_components(points.scenes, 8))
    with open(f"{folder}/{embedding.metadata_path}", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["name"], row["label"]) for row in rows] == [
        ("a/1.wav", "a"),
        ("a/tab here.wav", "a"),
        ("b/3.wav", "b"),
        ("b/4.wav", "b"),
        ("c/gone.wav", "c"),
    ]
    # Pictures in rows: a high tone is brighter above, what is gone is black.
    sprite = tf.io.decode_png(tf.io.read_file(f"{folder}/{embedding.sprite.image_path}")).numpy()[..., 0]
    width, height = embedding.sprite.single_image_dim
    assert sprite.shape == (3 * height, 3 * width)
    low, high, gone = sprite[:64, :64], sprite[:64, 64:128], sprite[64:128, 64:128]
    assert low.mean(axis=1).argmax() > 45
    assert 5 < high.mean(axis=1).argmax() < 32
    assert low.max() > 240 and not gone.any()
