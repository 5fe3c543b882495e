import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

from byola_keras.export import run_exported
from byola_keras.export.saved_model import write_saved_model
from tests.export.closeness import relative_error
from tests.export.rest import RestModel
from tests.factories import noise, settled_embedder


@pytest.fixture(scope="module")
def embedder():
    return settled_embedder()


@pytest.fixture(scope="module")
def folder(embedder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved_model")
    write_saved_model(embedder, str(folder), "byola")
    return folder


@pytest.fixture(scope="module")
def rest(folder):
    return RestModel(folder)


def test_the_runner_switches_tensor_float_32_off(embedder, folder):
    enabled = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    try:
        run, by = run_exported._saved_model(str(folder))
        assert not tf.config.experimental.tensor_float_32_execution_enabled()
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(enabled)
    assert relative_error(run(noise(1, 5000))["scene"], embedder(noise(1, 5000))["scene"]) < 1e-6
    assert by == f"TensorFlow {tf.__version__}"


@pytest.mark.parametrize("samples", [1, 300, 16000, 20001])
def test_rest_in_rows_and_columns(embedder, rest, samples):
    waveforms = noise(3, samples)
    expected = embedder(waveforms)
    values = waveforms.tolist()
    for instances in ([{"waveform": value} for value in values], values):
        status, answer = rest.predict(json.dumps({"instances": instances}))
        assert status == 200
        rows = json.loads(answer)["predictions"]
        assert [sorted(row) for row in rows] == [["frames", "scene"]] * 3
        for name in ("scene", "frames"):
            assert relative_error([row[name] for row in rows], expected[name]) < 1e-6
    for inputs in ({"waveform": values}, values):
        request = {"signature_name": "serving_default", "inputs": inputs}
        status, answer = rest.predict(json.dumps(request))
        assert status == 200
        for name in ("scene", "frames"):
            assert relative_error(json.loads(answer)["outputs"][name], expected[name]) < 1e-6


def test_odd_requests_get_a_finite_answer(embedder, rest):
    def scene(values):
        status, answer = rest.predict(json.dumps({"inputs": values}))
        assert status == 200, answer
        return json.loads(answer)["outputs"]["scene"]

    whole = noise(1, 5000)
    broken = whole.copy()
    broken[0, ::7], broken[0, 1::7], broken[0, 2::7] = np.nan, np.inf, -np.inf
    whole[~np.isfinite(broken)] = 0.0
    assert "NaN" in json.dumps(broken.tolist())
    assert relative_error(scene(broken.tolist()), embedder(whole)["scene"]) < 1e-6
    silence = embedder(np.zeros((2, 1), "float32"))["scene"]
    assert relative_error(scene([[], []]), silence) < 1e-6
    # JSON has one kind of number: whole ones are floats as well.
    assert relative_error(scene([[0] * 50, [0] * 50]), silence) < 1e-6


@pytest.mark.parametrize(
    "request_body",
    [
        {"inputs": np.zeros((1, 500, 2)).tolist()},
        {"inputs": np.zeros(500).tolist()},
        {"inputs": 0.5},
        {"inputs": [[0.1, 0.2], [0.3]]},
        {"inputs": [["loud"]]},
        {"inputs": {"sound": [[0.0]]}},
        {"instances": [[0.0]], "inputs": [[0.0]]},
        {"signature_name": "train", "inputs": [[0.0]]},
    ],
)
def test_wrong_requests_get_an_error(rest, request_body):
    status, answer = rest.predict(json.dumps(request_body))
    assert status == 400 and json.loads(answer)["error"]


def test_integers_are_refused_by_the_signature(folder):
    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    with pytest.raises((TypeError, ValueError, tf.errors.InvalidArgumentError)):
        signature(waveform=tf.zeros([1, 5000], tf.int16))


def test_each_weight_is_stored_once(embedder, folder):
    weights = sum(weight.numpy().nbytes for weight in embedder.weights)
    stored = sum(path.stat().st_size for path in (folder / "variables").iterdir())
    assert weights <= stored < 1.1 * weights + 3000


def test_model_card_is_an_asset(folder, rest):
    card = json.loads((folder / "assets" / "model_card.json").read_text())
    assert card["sample_rate"] == 16000 and card["card"] == {"trained_on": "noise"}
    assert "noise" in (folder / "assets" / "README.md").read_text()
    assets = {asset.filename for asset in rest.meta_graph.asset_file_def}
    assert assets == {"README.md", "model_card.json"}


def _prediction_log_class():
    """PredictionLog and what is in it, as TensorFlow Serving declares them."""
    fields = {
        "ModelSpec": [("name", 1, "string"), ("signature_name", 3, "string")],
        "Input": [("key", 1, "string"), ("value", 2, "bytes")],
        "PredictRequest": [("model_spec", 1, "ModelSpec"), ("inputs", 2, "Input")],
        "PredictLog": [("request", 1, "PredictRequest")],
        "PredictionLog": [("predict_log", 6, "PredictLog")],
    }
    types = {"string": 9, "bytes": 12}
    file = descriptor_pb2.FileDescriptorProto(name="log.proto", package="test", syntax="proto3")
    for message, entries in fields.items():
        declared = file.message_type.add(name=message)
        for name, number, kind in entries:
            type_name = None if kind in types else f".test.{kind}"
            label = 3 if name == "inputs" else 1  # repeated or not
            declared.field.add(
                name=name, number=number, label=label, type=types.get(kind, 11), type_name=type_name
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.PredictionLog"))


def test_warmup_request_is_one_that_the_signature_answers(folder, rest):
    path = str(folder / "assets.extra" / "tf_serving_warmup_requests")
    (record,) = tf.data.TFRecordDataset(path).as_numpy_iterator()
    log = _prediction_log_class().FromString(record)
    assert log.SerializeToString() == record
    request = log.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("byola", "serving_default")
    (waveform,) = request.inputs
    assert waveform.key == "waveform"
    tensor = tf.make_ndarray(tensor_pb2.TensorProto.FromString(waveform.value))
    assert tensor.shape == (1, 16000) and tensor.dtype == np.float32
    assert rest.predict(json.dumps({"inputs": tensor.tolist()}))[0] == 200


def test_loads_where_there_is_neither_keras_nor_this_package(embedder, folder, tmp_path):
    runner = pathlib.Path(run_exported.__file__)
    check = f"""
import runpy, sys
sys.meta_path.insert(0, runpy.run_path({str(runner)!r})["_WithoutKeras"]())
try:
    import byola_keras
except ModuleNotFoundError as error:
    assert "must not be needed" in str(error)
import keras, numpy as np, tensorflow as tf
waveform = tf.constant(np.load({str(tmp_path / "waveform.npy")!r}))
scene = tf.saved_model.load({str(folder)!r}).signatures["serving_default"](waveform=waveform)["scene"]
np.save({str(tmp_path / "scene.npy")!r}, scene.numpy())
assert not hasattr(keras, "Layer")
print(*sorted(name for name in sys.modules if name.startswith(("keras", "byola"))))
"""
    np.save(tmp_path / "waveform.npy", noise(2, 8000))
    result = subprocess.run(
        [sys.executable, "-I", "-c", check], capture_output=True, text=True, check=False, cwd="/"
    )
    assert result.returncode == 0, result.stderr
    assert "byola" not in result.stdout and "keras.src.layers" not in result.stdout
    scene = np.load(tmp_path / "scene.npy")
    assert relative_error(scene, embedder(noise(2, 8000))["scene"]) < 1e-6
