import csv
import json
import os

import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.classify import head
from byola_keras.classify import train as train_module
from byola_keras.classify.settings import TrainSettings
from byola_keras.classify.train import train
from byola_keras.evaluation import task_probe
from byola_keras.evaluation.evaluate import evaluate
from byola_keras.evaluation.task_evaluation import Options
from tests.evaluation.tones import write_task
from tests.factories import settled_embedder


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    settled_embedder().save(folder / "embedder.keras")
    return write_task(folder, 60)


@pytest.fixture(autouse=True)
def _few_epochs(monkeypatch):
    """Of the probe, here and in the benchmark: there are some hundreds with so few clips."""
    monkeypatch.setattr(task_probe, "_MOST_EPOCHS", 40)


def model_of(tones):
    return str(tones.parent / "embedder.keras")


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_classifier_is_the_benchmarks_probe(tones, tmp_path):
    labels = f"{tones}:pitch"
    measured = train(labels, model_of(tones), str(tmp_path / "c"), TrainSettings(precision=0.9))
    options = Options(str(tmp_path / "results"), str(tmp_path / "cache"))
    evaluate([model_of(tones)], [f"csv:{labels}"], "", options)
    record = json.loads((tmp_path / "results" / "results.jsonl").read_text())
    assert measured["probe"]["scores"] == pytest.approx(record["scores"], abs=1e-9)
    assert measured["test"]["accuracy"] == pytest.approx(record["scores"][0], abs=1e-9)
    assert measured["test"]["accuracy"] > 0.7
    # From sound on, the saved model says what the report says.
    classifier = byola_keras.load_classifier(tmp_path / "c")
    assert classifier.labels == ("high", "low", "middle") and classifier.window_seconds == 0.5
    rows = read(tmp_path / "c" / "predictions.csv")
    assert len(rows) == measured["clips"]["test"] == 12
    for row in rows:
        probabilities = classifier(soundfile.read(row["file"], dtype="float32")[0]).numpy()
        np.testing.assert_allclose(
            probabilities, [float(row[label]) for label in classifier.labels], atol=2e-5
        )
        assert row["predicted"] == classifier.labels[probabilities.argmax()]
    classes = read(tmp_path / "c" / "classes.csv")
    assert [row["class"] for row in classes] == list(classifier.labels)
    assert [float(row["threshold"]) for row in classes] == pytest.approx(classifier.thresholds, abs=1e-6)
    page = (tmp_path / "c" / "report.html").read_text()
    assert (
        "data:audio/mpeg" in page and "/* " not in page.partition('id="data">')[2].partition("</script>")[0]
    )


def test_same_command_goes_on_and_another_is_refused(tones, tmp_path, monkeypatch):
    arguments = (f"{tones}:pitch", model_of(tones), str(tmp_path))
    settings = TrainSettings(seeds=(1,))

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "train_head", killed)
    with pytest.raises(KeyboardInterrupt):
        train(*arguments, settings)
    assert not os.path.exists(tmp_path / "classifier.keras")
    # Nothing is there yet that other settings could spoil.
    with pytest.raises(KeyboardInterrupt):
        train(*arguments, TrainSettings(seeds=(2,)))
    monkeypatch.setattr(train_module, "train_head", head.train_head)
    with monkeypatch.context() as nothing_is_embedded:
        nothing_is_embedded.setattr("byola_keras.evaluation.embeddings._embedded", killed)
        train(*arguments, settings)
    other = TrainSettings(seeds=(1,), statistics="kept")
    with pytest.raises(ValueError, match="with statistics='measured', now statistics='kept'. Take another"):
        train(*arguments, other)
    # Settings of fine-tuning make no other head.
    train(*arguments, TrainSettings(seeds=(1,), epochs=3))
    before = byola_keras.load_classifier(tmp_path).identity()
    train(*arguments, other, overwrite=True)
    assert byola_keras.load_classifier(tmp_path).identity() != before


def test_several_labels_a_clip(tones, tmp_path):
    measured = train(
        f"{tones}:kinds", model_of(tones), str(tmp_path), TrainSettings(seeds=(1,), class_weights="balanced")
    )
    classifier = byola_keras.load_classifier(tmp_path)
    assert classifier.multi_label and classifier.labels == ("fading", "high", "low", "middle")
    assert measured["test"]["mean_average_precision"] > 0.5 and "accuracy" not in measured["test"]
    rows = read(tmp_path / "predictions.csv")
    assert any("," in row["true"] for row in rows)


def test_one_clip_a_class_and_a_model_of_another_rate(tones, tmp_path):
    slow = settled_embedder()
    frontend = byola_keras.LogMelSpectrogram(sample_rate=8000, f_max=3900.0)
    embedder = byola_keras.Embedder(frontend, slow.normalization, slow.encoder)
    embedder.build()
    embedder.save(tmp_path / "slow.keras")
    settings = TrainSettings(seeds=(1,), clips_per_class=1, precision=0.9)
    measured = train(f"{tones}:pitch", str(tmp_path / "slow.keras"), str(tmp_path / "c"), settings)
    classifier = byola_keras.load_classifier(tmp_path / "c")
    assert classifier.sample_rate == 8000 and classifier.window_samples == 4000
    assert measured["clips"]["train"] == 3 and measured["temperature"] == 1.0
    assert classifier.thresholds == (0.5, 0.5, 0.5) and "not calibrated" in measured["notes"][-1]


def test_statistics_of_the_model_are_kept(tones, tmp_path):
    settings = TrainSettings(seeds=(1,), statistics="kept")
    train(f"{tones}:pitch", model_of(tones), str(tmp_path / "kept"), settings)
    kept = byola_keras.load_classifier(tmp_path / "kept").embedder.normalization
    assert float(np.squeeze(kept.mean)) == pytest.approx(-8.25)
    with pytest.raises(ValueError, match="`statistics` must be measured for a model that has none"):
        train(f"{tones}:pitch", "random", str(tmp_path / "random"), settings)


def test_scores_that_tell_no_temperature():
    targets = np.array([0, 1, 0, 1])
    right = np.where(np.eye(2)[targets] > 0, 2.0, 1.0)
    temperature, (note,) = train_module._temperature(right, targets)
    assert temperature == 1.0 and "scores of the 4 validation clips leave no doubt" in note
    temperature, (note,) = train_module._temperature(30.0 * right[::-1], targets)
    assert temperature == pytest.approx(20.0, rel=0.01) and "the highest that is tried" in note
    one_wrong = np.where(np.eye(2)[[0, 1, 0, 0]] > 0, 2.0, 1.0)
    assert train_module._temperature(one_wrong, targets)[1] == []
