import csv

import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.classify import fine_tune as fine_tune_module
from byola_keras.classify.settings import TrainSettings
from byola_keras.classify.train import train
from byola_keras.classify.tuning_step import LabelledMixup, TuningStep, as_rows
from byola_keras.evaluation import task_probe
from byola_keras.models.classifier import linear_head
from tests.evaluation.tones import write_task
from tests.factories import noise, settled_embedder

SETTINGS = {
    "tune": "all",
    "seeds": (1,),
    "epochs": 2,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "encoder_rate": 0.3,
}


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    settled_embedder(dropout=0.3, seed=1).save(folder / "embedder.keras")
    return write_task(folder, 60)


@pytest.fixture(autouse=True)
def _few_epochs(monkeypatch):
    """Of the probe, which comes first."""
    monkeypatch.setattr(task_probe, "_MOST_EPOCHS", 5)


def tuned(tones, folder, **settings):
    measured = train(
        f"{tones}:pitch",
        str(tones.parent / "embedder.keras"),
        str(folder),
        TrainSettings(**SETTINGS | settings),
    )
    return measured, byola_keras.load_classifier(folder)


def epochs_of(folder):
    with open(folder / "epochs.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_stopped_run_goes_on_with_the_same_result(tones, tmp_path, monkeypatch):
    measured, whole = tuned(tones, tmp_path / "whole")
    assert len(epochs_of(tmp_path / "whole")) == 2 and measured["tune"] == "all"
    monkeypatch.setattr(fine_tune_module, "_CHECKPOINT_STEPS", 3)
    save, calls = fine_tune_module._Run.save, []

    def killed_after_two(run, done):
        save(run, done)
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    # Steps 3, 4 (the first epoch), 6: in the middle of the second.
    monkeypatch.setattr(fine_tune_module._Run, "save", killed_after_two)
    with pytest.raises(KeyboardInterrupt):
        tuned(tones, tmp_path / "parts")
    assert calls == [3, 4, 6] and not (tmp_path / "parts" / "classifier.keras").exists()
    monkeypatch.setattr(fine_tune_module._Run, "save", save)
    _, parts = tuned(tones, tmp_path / "parts")
    assert epochs_of(tmp_path / "parts") == epochs_of(tmp_path / "whole")
    for one, other in zip(whole.weights, parts.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.identity() == parts.identity()


def test_encoder_learns_and_the_best_epoch_stays(tones, tmp_path):
    _, both = tuned(tones, tmp_path / "all", mixup=0.0, augment=False, class_weights="balanced", epochs=6)
    losses = [float(row["loss"]) for row in epochs_of(tmp_path / "all")]
    assert losses[-1] < losses[0]
    best = max(float(row["valid"]) for row in epochs_of(tmp_path / "all"))
    embedders = (byola_keras.load(tones.parent), both.embedder)
    kernels = [embedder.encoder.trainable_weights[0].numpy() for embedder in embedders]
    assert np.abs(kernels[0] - kernels[1]).max() > 0
    with open(tones) as file:
        valid = [row for row in csv.DictReader(file) if row["split"] == "valid"]
    right = 0
    for row in valid:
        sound = soundfile.read(tones.parent / row["file"], dtype="float32")[0]
        right += both.labels[int(np.argmax(both(sound)))] == row["pitch"]
    # Windows of validation clips are as long as the clips here.
    assert right / len(valid) >= best - 1e-9


def test_encoder_has_a_rate_of_its_own():
    embedder = settled_embedder(dropout=0.0)
    head = linear_head(np.zeros((embedder.embedding_size, 2), "float32"), np.zeros(2, "float32"))
    head.layers[-1].set_weights(
        [np.random.default_rng(0).normal(size=(embedder.embedding_size, 2)), np.zeros(2)]
    )
    step = TuningStep(embedder, head, (0.0, 0.1), multi_label=False, augment=False, mixup=0.0)
    step.build(4000)
    before = [[w.numpy() for w in part.trainable_weights] for part in (embedder.encoder, head)]
    targets = as_rows(np.arange(6) % 2, 2)
    step(noise(6, 4000), targets)
    for part, old, moves in zip((embedder.encoder, head), before, (False, True), strict=True):
        changes = [
            np.abs(new.numpy() - was).max() for new, was in zip(part.trainable_weights, old, strict=True)
        ]
        assert bool(max(changes) > 0) is moves


def test_mixup_mixes_sound_and_labels_by_one_ratio():
    layer = LabelledMixup(0.4, seed=3)
    waveforms, targets = noise(4, 100), np.eye(4, dtype="float32")
    layer.build((None, 100))
    mixed, labels = layer(waveforms, targets)
    ratios = 1.0 - np.diag(labels)
    assert (ratios >= 0).all() and (ratios < 0.4).all() and len(set(ratios.tolist())) == 4
    np.testing.assert_allclose(
        mixed, (1 - ratios)[:, None] * waveforms + ratios[:, None] * np.roll(waveforms, 1, 0), atol=1e-6
    )
    np.testing.assert_allclose(np.asarray(labels)[np.arange(4), np.arange(4) - 1], ratios, atol=1e-6)
    assert np.abs(layer(waveforms, targets)[1] - labels).max() > 1e-3
