import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations import LogMelStatistics
from byola_keras.export import exporting as export_module
from byola_keras.export import run_exported
from byola_keras.export import verify as verify_module
from byola_keras.export.exportable import in_float32
from byola_keras.export.exporting import export
from byola_keras.export.litert import INPUTS, convert
from byola_keras.export.saved_model import write_saved_model
from byola_keras.export.verify import (
    Artefact,
    VerificationError,
    _error_and_cosine,
    judge,
    verify,
)
from byola_keras.layers.full_float32 import full_float32
from byola_keras.models.untrained import untrained_embedder
from tests.export.closeness import cosine, relative_error
from tests.factories import noise, settled_embedder

CLIPS = {"noise": noise(2, 4000), "short": noise(1, 300)}


@pytest.fixture(scope="module")
def embedder():
    return settled_embedder()


@pytest.fixture(scope="module")
def float32(embedder):
    return next(content for precision, content in convert(embedder) if precision == "float32")


def only_float32(content):
    """In the place of `convert`: one file instead of three, to be quick."""
    return lambda *_: iter([("float32", content)])


def tampered(content, embedder):
    """The file with one layer's weights turned round."""
    return scaled(content, embedder, -1.0)


def scaled(content, embedder, factor):
    """The file with one layer's weights multiplied by a factor."""
    kernel = embedder.encoder.mlp[0].kernel.numpy().T.tobytes()
    assert content.count(kernel) == 1
    return content.replace(kernel, (np.float32(factor) * np.frombuffer(kernel, np.float32)).tobytes())


def files_in(folder):
    found = sorted(
        os.path.relpath(os.path.join(parent, f), folder) for parent, _, fs in os.walk(folder) for f in fs
    )
    return [path for path in found if not path.startswith("saved_model")]


def test_tampered_file_fails(embedder, float32, tmp_path):
    for name, content in (("good", float32), ("bad", tampered(float32, embedder))):
        (tmp_path / name).write_bytes(content)
    good = Artefact("good.tflite", str(tmp_path / "good"), "float32")
    report = verify(embedder, [good], CLIPS)
    entry = report["artefacts"]["good.tflite"]
    assert entry["passed"] and entry["largest_error"] < 1e-4 and entry["bytes"] == len(float32)
    assert entry["clips"].keys() == CLIPS.keys() and "ai-edge-litert" in entry["run_by"]
    bad = Artefact("bad.tflite", str(tmp_path / "bad"), "float32")
    with pytest.raises(VerificationError, match=r"Received: bad.tflite out of tolerance") as error:
        verify(embedder, [good, bad], CLIPS)
    lines = str(error.value).splitlines()
    assert ["FAILED" in line for line in lines if line.startswith(("good", "bad"))] == [False, True]


def test_tampered_saved_model_fails(embedder, tmp_path):
    other = settled_embedder()
    other.encoder.mlp[0].kernel.assign(-other.encoder.mlp[0].kernel)
    write_saved_model(other, str(tmp_path), "byola")
    with pytest.raises(VerificationError, match="byola/1 out of tolerance"):
        verify(embedder, [Artefact("byola/1", str(tmp_path), "saved_model")], CLIPS)


def test_file_that_cannot_run_fails(embedder, tmp_path):
    (tmp_path / "text").write_text("no model")
    with pytest.raises(VerificationError, match="text.tflite ended with status 1: ValueError: "):
        verify(embedder, [Artefact("text.tflite", str(tmp_path / "text"), "float32")], CLIPS)


def test_without_ai_edge_litert_tensorflow_runs_the_file(embedder, float32, tmp_path):
    (tmp_path / "model.tflite").write_bytes(float32)
    np.savez(tmp_path / "inputs.npz", *CLIPS.values())
    arguments = ["litert", *(str(tmp_path / name) for name in ("model.tflite", "inputs.npz", "outputs.npz"))]
    start = f"""
import runpy, sys
sys.modules["ai_edge_litert"] = None
sys.argv[1:] = {arguments}
runpy.run_path({run_exported.__file__!r}, run_name="__main__")
"""
    result = subprocess.run([sys.executable, "-I", "-c", start], capture_output=True, text=True, check=False)
    assert result.returncode == 0 and result.stdout.startswith("tf.lite"), result.stderr
    with np.load(tmp_path / "outputs.npz") as outputs:
        assert relative_error(outputs["arr_0/scene"], embedder(CLIPS["noise"])["scene"]) < 1e-4


@pytest.mark.parametrize("wrong", [np.full((2, 3), np.nan), np.ones((2, 4)), np.ones((1, 3))])
def test_another_shape_and_nan_are_wrong(wrong):
    assert _error_and_cosine(wrong, np.ones((2, 3))) == (np.inf, -1.0)


def test_error_and_cosine_by_hand():
    expected = np.array([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    actual = np.array([[3.0, 4.0], [1.0, 2.0], [0.0, 0.0]])
    error, least = _error_and_cosine(actual, expected)
    assert error == pytest.approx(1 / 4) and least == pytest.approx(2 / 5**0.5)


@pytest.mark.parametrize(
    ("precision", "error", "cosine", "passed"),
    [
        ("saved_model", 0.00099, -1.0, True),
        ("saved_model", 0.00101, 1.0, False),
        ("float32", 0.00099, -1.0, True),
        ("float32", 0.00101, 1.0, False),
        ("float16", 9.0, 0.99991, True),
        ("float16", 0.0, 0.99989, False),
        ("int8", 9.0, 0.9901, True),
        ("int8", 0.0, 0.9899, False),
        ("full_int8", 9.0, 0.9801, True),
        ("full_int8", 0.0, 0.9799, False),
        ("float32", np.nan, 1.0, False),
        ("int8", 0.0, np.nan, False),
    ],
)
def test_both_sides_of_every_limit(precision, error, cosine, passed):
    judged, requirement = judge(precision, error, cosine)
    assert judged is passed
    kind, limit = {
        "float16": ("cosine >", 0.9999),
        "int8": ("cosine >", 0.99),
        "full_int8": ("cosine >", 0.98),
    }.get(precision, ("error <", 0.001))
    assert requirement == f"{kind} {limit}"


@pytest.mark.parametrize(("scale", "passed"), [(1.0001, True), (1.01, False)])
def test_weights_that_are_a_little_off(embedder, float32, tmp_path, scale, passed):
    (tmp_path / "file").write_bytes(scaled(float32, embedder, scale))
    artefact = Artefact("scaled.tflite", str(tmp_path / "file"), "float32")
    if passed:
        assert verify(embedder, [artefact], CLIPS)["artefacts"]["scaled.tflite"]["largest_error"] > 1e-5
        return
    with pytest.raises(VerificationError, match="scaled.tflite out of tolerance"):
        verify(embedder, [artefact], CLIPS)


@pytest.mark.parametrize("before", [True, False])
def test_tensor_float_32_is_off_while_the_model_is_asked(embedder, monkeypatch, before):
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    seen, call = [], type(embedder.encoder).call
    monkeypatch.setattr(
        type(embedder.encoder), "call", lambda *a, **k: seen.append(enabled()) or call(*a, **k)
    )
    at_first = enabled()
    tf.config.experimental.enable_tensor_float_32_execution(before)
    try:
        with full_float32():
            assert not enabled()
        verify(embedder, [], CLIPS)
        assert seen == [False] * len(CLIPS) and enabled() is before
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(at_first)


@pytest.mark.parametrize("output", ["scene", "frames"])
def test_every_sound_is_run_twice_and_every_output_counts(embedder, tmp_path, monkeypatch, output):
    """As an interpreter that is wrong once a longer sound has gone before."""
    (tmp_path / "file").write_bytes(b"")

    def run(artefact, inputs):
        outputs = [{name: embedder(x)[name].numpy() for name in ("scene", "frames")} for x in inputs]
        assert [len(x[0]) for x in inputs] == [4000, 300, 300, 4000]
        outputs[-1][output] = -outputs[-1][output]
        return outputs, "nobody"

    monkeypatch.setattr(verify_module, "_run_in_fresh_process", run)
    for precision in ("float32", "int8"):
        with pytest.raises(VerificationError, match="x out of tolerance") as error:
            verify(embedder, [Artefact("x", str(tmp_path / "file"), precision)], CLIPS)
        assert "2.0e+00      -1.000000" in str(error.value)


def test_log_mels_of_one_frame_are_compared_and_shorter_ones_left_out(tmp_path, monkeypatch):
    """Three convolution blocks need eight frames: 7 hops of 160 samples and one frame."""
    (tmp_path / "file").write_bytes(b"")
    embedder, lengths = settled_embedder(conv_blocks=3), []

    def run(artefact, inputs):
        lengths.extend(x.shape[1] for x in inputs)
        outputs = [embedder.encoder(embedder.normalization(x)) for x in inputs]
        return [{name: output[name].numpy() for name in ("scene", "frames")} for output in outputs], "nobody"

    monkeypatch.setattr(verify_module, "_run_in_fresh_process", run)
    clips = {"one frame": noise(1, 1120), "too short": noise(1, 1119)}
    verify(embedder, [Artefact("x", str(tmp_path / "file"), "float32", "logmel")], clips)
    assert lengths == [8, 8]


def test_failing_export_leaves_what_was_there(embedder, float32, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "convert", only_float32(float32))
    export(embedder, str(tmp_path), verified=False)
    version = tmp_path / "saved_model" / "byola" / "1"
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr(export_module, "convert", only_float32(tampered(float32, embedder)))
    with pytest.raises(VerificationError, match="byola_float32.tflite out of tolerance"):
        export(embedder, str(tmp_path), overwrite=True)
    with pytest.raises(VerificationError):
        export(embedder, str(tmp_path / "new"), formats=["litert"])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert version / "saved_model.pb" in before and len(before) == 9


def test_versions(embedder, float32, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "convert", only_float32(float32))
    output_dir = str(tmp_path)
    export(embedder, output_dir, name="birds", verified=False)
    with pytest.raises(ValueError, match="Received: version=1, overwrite=False; .*birds/1 is there"):
        export(embedder, output_dir, name="birds", verified=False)
    export(embedder, output_dir, name="birds", version=2, verified=False)
    stale = tmp_path / "saved_model" / "birds" / "1" / "stale"
    stale.write_text("of the old version")
    (tmp_path / "verify.json").write_text("of other files")
    export(embedder, output_dir, name="birds", overwrite=True, verified=False)
    assert not stale.exists()
    assert sorted(os.listdir(tmp_path / "saved_model" / "birds")) == ["1", "2"]
    assert files_in(tmp_path) == ["litert/birds_float32.tflite", "litert/birds_model_card.json"]
    (tmp_path / "saved_model" / "birds" / "3").mkdir()
    with pytest.raises(ValueError, match="birds/3 is there"):  # and is no SavedModel
        export(embedder, output_dir, name="birds", version=3, overwrite=True, verified=False)


def test_precision_of_the_training_does_not_matter(tmp_path):
    embedder = settled_embedder(dtype="mixed_bfloat16")
    report = export(embedder, str(tmp_path), formats=["litert"])
    assert report == json.loads((tmp_path / "verify.json").read_text())
    assert list(report["artefacts"]) == [f"litert/byola_{p}.tflite" for p in ("float32", "float16", "int8")]
    float32_scene = in_float32(embedder)(CLIPS["noise"])["scene"]
    assert cosine(float32_scene, embedder(CLIPS["noise"])["scene"]) > 0.999
    assert json.loads((tmp_path / "litert" / "byola_model_card.json").read_text())["sample_rate"] == 16000


@pytest.mark.parametrize("litert_input", INPUTS)
def test_other_encoders(tmp_path, litert_input):
    embedder = settled_embedder(conv_blocks=3, flatten="mean_freq", features="local", pooling="max")
    report = export(embedder, str(tmp_path), formats=["litert"], litert_input=litert_input)
    clips = [len(entry["clips"]) for entry in report["artefacts"].values()]
    assert clips == ([6, 6, 6] if litert_input == "waveform" else [4, 4, 4, 3])


def test_an_encoder_without_weights(tmp_path):
    """All that an export needs of an encoder stands in the contract."""
    report = export(untrained_embedder(LogMelStatistics()), str(tmp_path), name="log_mel")["artefacts"]
    assert report["saved_model/log_mel/1"]["largest_error"] < 1e-6
    assert report["litert/log_mel_int8.tflite"]["lowest_cosine"] > 0.9999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formats": ["onnx"]}, "Received: formats=.'onnx'"),
        ({"formats": []}, "Received: formats="),
        ({"name": "../up"}, "Received: name='../up'"),
        ({"version": 0}, "Received: version=0"),
        ({"litert_input": "mel"}, "Received: litert_input='mel'"),
        ({"litert_input": "window"}, "for a classifier.*Received: litert_input='window'"),
        ({"litert_input": "window=0"}, "Received: litert_input='window=0'"),
        ({"litert_input": "window=60.1"}, "at most 60 s.*Received: litert_input='window=60.1'"),
    ],
)
def test_wrong_arguments(embedder, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        export(embedder, str(tmp_path / "new"), **arguments)
    assert not (tmp_path / "new").exists()


def test_figures_of_files_that_stay_are_kept(embedder, float32, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "convert", only_float32(float32))

    def figures_of(embedder, artefacts, clips):
        return {"artefacts": {artefact.name: {"of": len(clips)} for artefact in artefacts}}

    def figures():
        return json.loads((tmp_path / "verify.json").read_text())["artefacts"]

    monkeypatch.setattr(export_module, "verify", figures_of)
    export(embedder, str(tmp_path), formats=["litert"])
    export(embedder, str(tmp_path), formats=["saved_model"])
    assert sorted(figures()) == ["litert/byola_float32.tflite", "saved_model/byola/1"]
    # Those of a file that was replaced without a verification go, and those of files that are gone.
    export(embedder, str(tmp_path), formats=["saved_model"], overwrite=True, verified=False)
    assert list(figures()) == ["litert/byola_float32.tflite"]
    (tmp_path / "litert" / "byola_float32.tflite").unlink()
    export(embedder, str(tmp_path), formats=["saved_model"], version=2)
    assert list(figures()) == ["saved_model/byola/2"]
