"""Exports of a classifier: its probabilities from SavedModel and LiteRT files, and the labels inside."""

import json
import os
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.export.exportable import in_float32
from byola_keras.export.exporting import export
from byola_keras.export.verify import VerificationError, judge
from byola_keras.models.load import load_any
from tests.factories import noise, settled_embedder
from tests.models.classifier_test import LABELS, classifier


@pytest.fixture(scope="module")
def model():
    return classifier(settled_embedder(), temperature=20.0, card={"task": "farm"})


def test_both_formats_answer_as_the_model_does_and_know_its_labels(model, tmp_path):
    report = export(model, str(tmp_path), name="farm")["artefacts"]
    names = ["saved_model/farm/1", *(f"litert/farm_{p}.tflite" for p in ("float32", "float16", "int8"))]
    assert list(report) == names and all(entry["passed"] for entry in report.values())
    assert report[names[0]]["required"] == "error < 0.001" and report[names[3]]["required"] == "error < 0.1"
    served = tf.saved_model.load(str(tmp_path / names[0]))
    waveforms = noise(3, 7000)
    answer = served.signatures["serving_default"](waveform=tf.constant(waveforms))
    assert list(answer) == ["probabilities"]
    np.testing.assert_allclose(answer["probabilities"], model(waveforms), atol=1e-5)
    labels = "bark\nmeow\nmoo\n"
    assets = tmp_path / names[0] / "assets"
    assert (assets / "labels.txt").read_text() == labels and "| meow | 0.5000 |" in (
        assets / "README.md"
    ).read_text()
    for name in names[1:]:
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert archive.read("labels.txt").decode() == labels
            card = json.loads(archive.read("model_card.json"))
        assert card["labels"] == list(LABELS) and card["card"] == {"task": "farm"}
        assert card["identity"] == model.identity()
    runner = tf.lite.Interpreter(str(tmp_path / names[1])).get_signature_runner()
    np.testing.assert_allclose(runner(waveform=waveforms)["probabilities"], model(waveforms), atol=1e-5)
    assert {"farm_labels.txt", "farm_model_card.json"} <= set(os.listdir(tmp_path / "litert"))


def test_log_mel_input(model, tmp_path):
    report = export(model, str(tmp_path), formats=["litert"], litert_input="logmel")["artefacts"]
    assert "litert/byola_logmel_full_int8.tflite" in report


def test_probabilities_are_compared_by_their_difference(model, tmp_path, monkeypatch):
    for precision, limit in (("float32", 0.001), ("float16", 0.01), ("int8", 0.1), ("full_int8", 0.2)):
        assert judge(precision, 0.99 * limit, -1.0, of_probabilities=True)[0]
        assert not judge(precision, 1.01 * limit, 1.0, of_probabilities=True)[0]
    other = classifier(model.embedder, temperature=25.0)
    monkeypatch.setattr("byola_keras.export.exporting.write_saved_model", _writing(other))
    with pytest.raises(VerificationError, match="out of tolerance"):
        export(model, str(tmp_path), formats=["saved_model"])


def _writing(other):
    from byola_keras.export.saved_model import write_saved_model

    return lambda model, folder, name: write_saved_model(other, folder, name)


def test_of_a_mixed_precision_classifier_float32_is_exported(tmp_path):
    mixed = classifier(settled_embedder(dtype="mixed_bfloat16"), thresholds=[0.1, 0.2, 0.3])
    exact = in_float32(mixed)
    assert exact.embedder.encoder.compute_dtype == "float32" and exact.thresholds == mixed.thresholds
    mixed.save(tmp_path / "classifier.keras")
    assert load_any(tmp_path).labels == LABELS


def test_files_of_a_window_take_one_clip_of_it(model, tmp_path):
    report = export(model, str(tmp_path), formats=["litert"], name="farm", litert_input="window")["artefacts"]
    assert list(report) == [f"litert/farm_window_{p}.tflite" for p in ("float32", "float16", "int8")]
    samples = int(model.window_seconds * model.sample_rate)
    for name in report:
        (read,) = tf.lite.Interpreter(str(tmp_path / name)).get_input_details()
        assert read["shape_signature"].tolist() == [1, samples]
    # An exact front end: of a float16 window the tone would leak.
    assert (
        report["litert/farm_window_float16.tflite"]["clips"]["tone of 440 Hz, 3.3 s"]["largest_error"] < 1e-3
    )
