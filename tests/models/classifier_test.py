import os

import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.models.classifier import linear_head
from byola_keras.models.load import load_any
from byola_keras.models.preset import find_model
from tests.factories import noise, settled_embedder, tiny_embedder

LABELS = ("bark", "meow", "moo")


def head(size, classes=3, seed=0):
    draws = np.random.default_rng(seed)
    kernel, bias, mean = (
        draws.normal(size=shape).astype("float32") for shape in ((size, classes), classes, size)
    )
    return linear_head(kernel, bias, mean, draws.uniform(0.5, 2, size).astype("float32"))


def classifier(embedder=None, **arguments):
    embedder = embedder or settled_embedder()
    return byola_keras.Classifier(
        embedder, head(embedder.embedding_size), **{"labels": LABELS, "window_seconds": 0.5, **arguments}
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"labels": ["one"]}, "`labels` must be two texts or more"),
        ({"labels": ["a", "a", "b"]}, "all different"),
        ({"labels": ["a", "b"]}, "Received: 3 scores and 2 labels"),
        ({"thresholds": [0.5, 0.5]}, "`thresholds` must hold a number in"),
        ({"temperature": 0.0}, "`temperature` must be a positive number. Received: temperature=0.0"),
        ({"dtype": "mixed_bfloat16"}, "computes in float32"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        classifier(tiny_embedder(), **arguments)


def test_probabilities_are_those_of_the_head_by_hand():
    for multi_label in (False, True):
        model = classifier(multi_label=multi_label, temperature=2.0)
        waveforms = noise(3, 8000)
        standardisation, dense = model.head.layers
        scene = model.embedder(waveforms)["scene"].numpy()
        kernel, bias = dense.get_weights()
        mean, variance = standardisation.get_weights()[:2]
        scores = ((scene - mean) / np.sqrt(variance) @ kernel + bias) / 2.0
        powers = np.exp(scores)
        expected = powers / (1 + powers) if multi_label else powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model(waveforms), expected, atol=1e-5)
        np.testing.assert_allclose(model.classify(waveforms), expected, atol=1e-5)
        np.testing.assert_allclose(model(waveforms[1]), expected[1], atol=1e-5)
        np.testing.assert_allclose(model.predict(waveforms, verbose=0), expected, atol=1e-5)
    padded = np.concatenate([waveforms, noise(3, 2000, seed=1)], axis=1)
    np.testing.assert_allclose(model(padded, lengths=np.full(3, 8000)), expected, atol=1e-5)


def test_keras_file_keeps_everything(tmp_path):
    model = classifier(
        multi_label=True, temperature=1.7, thresholds=[0.1, 0.2, 0.9], card={"clips": {"train": 3}}
    )
    model.save(tmp_path / "classifier.keras")
    for loaded in (
        byola_keras.load_classifier(tmp_path),
        keras.saving.load_model(tmp_path / "classifier.keras"),
    ):
        assert loaded.labels == LABELS and loaded.thresholds == (0.1, 0.2, 0.9)
        assert loaded.window_samples == 8000 and loaded.card == model.card
        assert loaded.identity() == model.identity()
        np.testing.assert_array_equal(loaded(noise(2, 8000)), model(noise(2, 8000)))
    assert isinstance(load_any(tmp_path / "classifier.keras"), byola_keras.Classifier)
    other = byola_keras.Classifier(model.embedder, head(model.embedder.embedding_size, seed=1), LABELS)
    assert other.identity() != model.identity()


def test_what_is_no_classifier_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="`byola classify train` makes one"):
        byola_keras.load_classifier(tmp_path)
    tiny_embedder().save(tmp_path / "embedder.keras")
    with pytest.raises(ValueError, match="must hold a byola_keras.Classifier. Received: Embedder"):
        byola_keras.load_classifier(tmp_path / "embedder.keras")
    assert isinstance(load_any(tmp_path), byola_keras.Embedder)
    assert isinstance(byola_keras.load(tmp_path), byola_keras.Embedder)
    (tmp_path / "embedder.keras").rename(tmp_path / "classifier.keras")
    with pytest.raises(ValueError, match="folder of a classifier; `byola_keras.load_classifier` loads it"):
        byola_keras.load(tmp_path)
    with pytest.raises(ValueError, match="folder of a classifier"):
        find_model(str(tmp_path))


def test_classifier_does_not_hide_a_preset_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "free_sounds").mkdir()
    classifier(tiny_embedder()).save(tmp_path / "free_sounds" / "classifier.keras")
    with pytest.warns(UserWarning, match="Taken: the preset, as the path holds no model"):
        assert find_model("free_sounds").endswith(os.path.join("presets", "free_sounds"))
    with pytest.warns(UserWarning, match="Taken: the preset"):
        assert isinstance(byola_keras.load("free_sounds"), byola_keras.Embedder)


def test_fit_trains_head_and_encoder_as_any_model_of_keras():
    model = classifier(tiny_embedder(seed=1))
    waveforms, labels = noise(12, 4000), np.arange(12) % 3
    before = [weight.numpy() for weight in model.trainable_weights]
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(waveforms, labels, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    pairs = zip(model.trainable_weights, before, strict=True)
    still = [new.path for new, old in pairs if not np.abs(new.numpy() - old).max()]
    # What batch normalisation takes off again.
    assert all("convolution" in path and path.endswith("/bias") for path in still)
    model.embedder.trainable = False
    assert len(model.trainable_weights) == 2
