import json
import os
import shutil

import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.models.preset import preset_names
from tests.factories import noise, normalization, tiny_embedder


@pytest.fixture(autouse=True)
def presets(tmp_path, monkeypatch):
    folder = tmp_path / "presets"
    monkeypatch.setenv("BYOLA_KERAS_PRESETS", str(folder))
    return folder


def assert_same(one, other):
    np.testing.assert_array_equal(one(noise(2, 3000))["scene"], other(noise(2, 3000))["scene"])
    assert one.card == other.card


def test_folder_round_trip(tmp_path):
    embedder = tiny_embedder({"trained_on": "notes"})
    folder = embedder.save_to_preset(tmp_path / "mine")
    assert folder == str(tmp_path / "mine")
    assert sorted(os.listdir(tmp_path)) == ["mine"]
    for loaded in (byola_keras.load(folder), byola_keras.Embedder.from_preset(tmp_path / "mine")):
        assert_same(loaded, embedder)
    assert "## Trained on\n\nnotes\n" in (tmp_path / "mine" / "README.md").read_text()
    assert json.loads((tmp_path / "mine" / "model_card.json").read_text())["embedding_size"] == 72
    assert {"config.json", "model.weights.h5"} < set(os.listdir(tmp_path / "mine"))


def test_adapted_statistics_travel(tmp_path):
    normalization = keras.layers.Normalization(axis=None, dtype="float32")
    normalization.adapt(np.random.default_rng(0).normal(-7, 3, (10, 96, 64)))
    embedder = byola_keras.Embedder(tiny_embedder().frontend, normalization, tiny_embedder().encoder)
    assert_same(byola_keras.load(embedder.save_to_preset(tmp_path / "adapted")), embedder)


def test_name(tmp_path, presets, monkeypatch):
    embedder = tiny_embedder()
    assert embedder.save_to_preset(name="notes_72") == str(presets / "notes_72")
    assert_same(byola_keras.load("notes_72"), embedder)
    other = tiny_embedder()
    monkeypatch.setenv("BYOLA_KERAS_PRESETS", os.pathsep.join([str(tmp_path / "first"), str(presets)]))
    assert_same(byola_keras.load("notes_72"), embedder)
    other.save_to_preset(name="notes_72")
    assert_same(byola_keras.load("notes_72"), other)
    monkeypatch.chdir(tmp_path)
    embedder.save_to_preset("notes_72")
    assert_same(byola_keras.load("notes_72"), embedder)


def test_unknown_name(presets):
    with pytest.raises(
        FileNotFoundError, match=rf"Received: path='mine'; .*Known names: none \(in {presets}\)"
    ):
        byola_keras.load("mine")
    tiny_embedder().save_to_preset(name="b")
    tiny_embedder().save_to_preset(name="a")
    (presets / "no_preset").mkdir()
    with pytest.raises(FileNotFoundError, match=r"Received: path='mine'; .*Known names: a, b \(in"):
        byola_keras.load("mine")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "/x"])
def test_bad_name(presets, name):
    with pytest.raises(ValueError, match=f"Received: name='{name}'; a path is given as"):
        tiny_embedder().save_to_preset(name=name)
    assert not presets.exists()


def test_what_is_there_is_replaced_only_on_demand_and_only_a_preset(tmp_path):
    embedder, other = tiny_embedder(), tiny_embedder()
    folder = embedder.save_to_preset(tmp_path / "mine")
    with pytest.raises(FileExistsError, match="Received: folder='.*mine', overwrite=False"):
        other.save_to_preset(folder)
    assert_same(byola_keras.load(folder), embedder)
    other.save_to_preset(folder, overwrite=True)
    assert_same(byola_keras.load(folder), other)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="thesis"):
        embedder.save_to_preset(tmp_path / "thesis", overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["mine", "thesis"]
    assert os.listdir(tmp_path / "thesis") == ["chapter.tex"]


def test_failed_save_leaves_what_was_there(tmp_path, monkeypatch):
    embedder = tiny_embedder()
    folder = embedder.save_to_preset(tmp_path / "mine")
    monkeypatch.setattr("byola_keras.models.preset.as_markdown", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tiny_embedder().save_to_preset(folder, overwrite=True)
    assert os.listdir(tmp_path) == ["mine"]
    assert_same(byola_keras.load(folder), embedder)


def test_neither_or_both_places(tmp_path):
    for places in ({}, {"folder": tmp_path / "x", "name": "x"}):
        with pytest.raises(ValueError, match="One of `folder` and `name` must be given. Received: folder="):
            tiny_embedder().save_to_preset(**places)


def test_preset_of_another_model(tmp_path):
    encoder = byola_keras.Encoder(channels=2, mlp_units=(2,))
    encoder.build((None, None, 64))
    encoder.save(tmp_path / "encoder", zipped=False)
    with pytest.raises(ValueError, match="must hold a byola_keras.Embedder. Received: Encoder"):
        byola_keras.load(tmp_path / "encoder")


OWN_CLASSES = """
import byola_keras, keras

@keras.saving.register_keras_serializable(package="own_{name}")
class Own{name}(byola_keras.Encoder):
    pass
"""


def save_with_an_own_class(tmp_path, name):
    """A file whose encoder is of a class that is forgotten after saving, and the folder of its module."""
    (tmp_path / f"own_{name}.py").write_text(OWN_CLASSES.format(name=name))
    namespace = {"__name__": f"own_{name}"}
    exec(OWN_CLASSES.format(name=name), namespace)
    encoder = namespace[f"Own{name}"](channels=4, mlp_units=(8, 8))
    embedder = byola_keras.Embedder(byola_keras.LogMelSpectrogram(), normalization(), encoder)
    embedder.build((None, None))
    embedder.save(tmp_path / "embedder.keras")
    keras.saving.get_custom_objects().pop(f"own_{name}>Own{name}")
    return str(tmp_path / "embedder.keras")


def test_unknown_class_is_named_with_the_remedy(tmp_path):
    path = save_with_an_own_class(tmp_path, "Unknown")
    with pytest.raises(ValueError, match="must know the classes.*'OwnUnknown'.*import its module.*_MODULES"):
        byola_keras.load(path)


def test_modules_of_the_variable_are_imported(tmp_path, monkeypatch):
    path = save_with_an_own_class(tmp_path, "Known")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BYOLA_KERAS_MODULES", "own_Known")
    assert type(byola_keras.load(path).encoder).__name__ == "OwnKnown"
    monkeypatch.setenv("BYOLA_KERAS_MODULES", "own_missing")
    with pytest.raises(ImportError, match="_MODULES must be importable. Received: own_missing: No module"):
        byola_keras.load(path)


def test_names_that_an_error_offers_are_those_of_whole_presets(presets):
    tiny_embedder().save_to_preset(name="mine")
    shutil.copytree(presets / "mine", presets / ".partial-1-other")
    (presets / "empty").mkdir()
    assert preset_names() == ["mine"]
