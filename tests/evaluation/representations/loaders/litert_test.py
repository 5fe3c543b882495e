"""LiteRT files of this project's export, and of the shapes that others publish."""

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.export.litert import convert
from tests.factories import noise, tiny_embedder


def write(path, function, shape):
    """Converts a function of one float32 tensor."""
    concrete = tf.function(function, input_signature=[tf.TensorSpec(shape)]).get_concrete_function()
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    embedder = tiny_embedder()
    path = tmp_path_factory.mktemp("litert") / "byola_float32.tflite"
    path.write_bytes(dict(convert(embedder))["float32"])
    return embedder, path


def test_export_of_this_project(exported):
    embedder, path = exported
    found = load_representation(f"litert:{path}")
    assert found.name == "byola_float32" and found.window_seconds is None
    # Lengths and batches may change from call to call.
    for shape in ((3, 6000), (1, 9000), (3, 6000)):
        sound = noise(*shape)
        np.testing.assert_allclose(found.embed(sound), embedder.embed(sound)["scene"], atol=1e-4)
    frames = load_representation(f"litert:{path}:frames,pooling=max")
    expected = np.max(embedder.embed(noise(2, 6000))["frames"], axis=1)
    np.testing.assert_allclose(frames.embed(noise(2, 6000)), expected, atol=1e-4)
    assert frames.identity != found.identity


def test_intermediate_tensor(tmp_path):
    """What lies inside is read by its name, though no output."""
    # Constants: of weights that the graph makes the converter of TensorFlow 2.21 loses the ReLU.
    weights = 2 * np.eye(100, 7, dtype="float32")

    def function(waveform):
        hidden = tf.nn.relu(tf.matmul(waveform, weights), name="hidden_units")
        return tf.reduce_sum(tf.matmul(hidden, tf.ones([7, 3])), axis=1)

    path = write(tmp_path / "inside.tflite", function, [1, 100])
    from byola_keras.evaluation.representations.loaders.litert import interpreter

    names = [found["name"] for found in interpreter(str(path)).get_tensor_details()]
    (name,) = (name for name in names if "hidden_units" in name)
    found = load_representation(f"litert:{path}:{name},sample_rate=100")
    assert found.window_seconds == 1.0
    sound = noise(4, 100)
    np.testing.assert_allclose(found.embed(sound), 2 * np.maximum(2 * sound[:, :7], 0), atol=1e-6)
    with pytest.raises(ValueError, match="An output must be named.*hidden_units.*Received: hidden"):
        load_representation(f"litert:{path}:hidden")


@pytest.mark.parametrize(
    ("shape", "function"),
    [
        ([100], lambda w: tf.reshape(w, [10, 10])),
        ([100], lambda w: tf.reshape(w, [1, 10, 1, 10])),
        ([1, 100], lambda w: tf.reshape(w, [1, 10, 10])),
        ([1, 100], lambda w: tf.reshape(w, [10, 10])),
        ([1, 100, 1], lambda w: tf.reshape(w, [1, 10, 1, 10])),
        ([None, 100, 1], lambda w: tf.reshape(w, [-1, 10, 10])),
    ],
)
def test_kinds_of_inputs_and_outputs(shape, function, tmp_path):
    path = write(tmp_path / "model.tflite", function, shape)
    found = load_representation(f"litert:{path},sample_rate=100,name=m")
    sound = noise(3, 150)
    frames = np.pad(sound, [(0, 0), (0, 50)]).reshape(3, 20, 10)
    np.testing.assert_allclose(found.embed(sound), frames.mean(axis=1) + frames.max(axis=1), atol=1e-6)


def test_what_cannot_be_used(exported, tmp_path):
    with pytest.raises(FileNotFoundError, match="`litert` must be a .tflite file.*nowhere"):
        load_representation("litert:nowhere.tflite:tensor")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(ValueError, match="must be a LiteRT file.*text.tflite"):
        load_representation(f"litert:{tmp_path}/text.tflite")
    mel = write(tmp_path / "mel.tflite", lambda x: x + 1.0, [1, 96, 64])
    with pytest.raises(ValueError, match=r"must take one waveform.*\[1, 96, 64\]; a Python function"):
        load_representation(f"litert:{mel}")
    fixed = write(tmp_path / "fixed.tflite", lambda x: x + 1.0, [1, 100])
    with pytest.raises(ValueError, match="must be the 100 samples"):
        load_representation(f"litert:{fixed},window_seconds=3")
