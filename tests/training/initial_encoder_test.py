"""Runs that start from a trained encoder (`--init_from`)."""

import json
import shutil

import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.models import norm_stats
from byola_keras.models.model_card import identity
from byola_keras.training.build_model import build_model
from byola_keras.training.initial_encoder import _numbers, kept_statistics, read_initial, restore_or_start
from byola_keras.training.recipe import Recipe
from tests.factories import normalization, tiny_augmentation, tiny_embedder, tiny_encoder
from tests.sounds import write_sounds
from tests.workdirs import TINY_RUN, losses, train

ENCODER = {"channels": 4, "mlp_units": (16, 16)}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds") / "sounds", count=8)


@pytest.fixture
def trained(tmp_path):
    """A preset with weights and statistics of its own."""
    embedder = tiny_embedder(seed=3, **ENCODER)
    for weight in embedder.encoder.weights:
        weight.assign(weight + (0.25 if "float" in weight.dtype else 7))
    return embedder, embedder.save_to_preset(tmp_path / "preset")


class NoCheckpoints:
    def restore(self):
        return 0


def recipe(**settings):
    return Recipe(encoder=TINY_RUN["encoder"], projection_units=(32, 8), **settings)


def test_both_networks_start_from_the_encoder_and_heads_are_new(trained, tmp_path):
    embedder, folder = trained
    stats = norm_stats.NormStats(-8.0, 4.0, 1)
    fresh = build_model(stats, 4000, recipe())
    model = build_model(stats, 4000, recipe(init_from=folder))
    assert restore_or_start(NoCheckpoints(), model, read_initial(recipe(init_from=folder), tmp_path)) == 0
    for network in (model.encoder, model.target_encoder):
        for ours, theirs in zip(_numbers(network), _numbers(embedder.encoder), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for head in ("projector", "predictor", "target_projector"):
        for ours, theirs in zip(getattr(model, head).weights, getattr(fresh, head).weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    # The two networks still draw different dropout masks.
    counters = [
        [weight.numpy().tolist() for weight in network.weights if "float" not in weight.dtype]
        for model in (model, fresh)
        for network in (model.encoder, model.target_encoder)
    ]
    assert counters[:2] == counters[2:]


def test_encoder_of_a_saved_byol_model(tmp_path):
    encoder = tiny_encoder(**ENCODER)
    parts = (byola_keras.LogMelSpectrogram(), normalization(), tiny_augmentation(), encoder)
    model = byola_keras.BYOL(*parts, projection_units=(16, 4))
    model.build((None, 4000))
    model.save(tmp_path / "byol.keras")
    found = read_initial(recipe(init_from=str(tmp_path / "byol.keras")), tmp_path)
    for ours, theirs in zip(found.encoder.get_weights(), encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "dense.keras")
    with pytest.raises(
        ValueError, match="must be an embedder or a whole BYOL model. Received: .* a Sequential"
    ):
        read_initial(recipe(init_from=str(tmp_path / "dense.keras")), tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"encoder": {"channels": 8}},
            r"channels=8, mlp_units=\[8, 8\]; the run has channels=4, mlp_units=\[16, 16\]",
        ),
        (
            {"frontend": {"sample_rate": 32000}, "encoder": ENCODER},
            "sample_rate=32000; the run has sample_rate=16000",
        ),
        ({"encoder": {**ENCODER, "pooling": "mean"}}, "pooling='mean'; the run has pooling='mean_max'"),
    ],
)
def test_another_architecture_or_sample_rate(tmp_path, settings, message):
    folder = tiny_embedder(frontend=settings.get("frontend"), **settings["encoder"]).save_to_preset(
        tmp_path / "x"
    )
    with pytest.raises(
        ValueError, match=f"front end and the encoder of the run. Received: .* with {message}"
    ):
        read_initial(recipe(init_from=folder), tmp_path)


def test_another_dropout_is_allowed(tmp_path):
    folder = tiny_embedder(**ENCODER, dropout=0.0).save_to_preset(tmp_path / "x")
    assert read_initial(recipe(init_from=folder), tmp_path) is not None


def test_kept_statistics_need_a_model():
    with pytest.raises(ValueError, match="`init_statistics` can be 'kept' with `init_from` only. Received"):
        read_initial(recipe(init_statistics="kept"), "w")
    with pytest.raises(FileNotFoundError, match="Received: path='gone'"):
        read_initial(recipe(init_from="gone"), "w")


def test_run_starts_from_it_and_never_again(trained, sounds, tmp_path):
    embedder, folder = trained
    train(tmp_path / "whole", sounds, steps=3, init_from=folder, init_statistics="kept")
    assert norm_stats.load(tmp_path / "whole") == (-8.25, pytest.approx(20.0**0.5), 0)
    train(tmp_path / "parts", sounds, steps=2, init_from=folder, init_statistics="kept")
    # The model is gone: a run that goes on has no need of it, and is the same as one in a single piece.
    shutil.rmtree(folder)
    train(tmp_path / "parts", sounds, steps=3, init_from=folder, init_statistics="kept")
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    for workdir in (tmp_path / "whole", tmp_path / "parts"):
        configured = json.loads((workdir / "configuration.json").read_text())
        assert (configured["init_from"], configured["init_statistics"]) == (folder, "kept")
        assert configured["init_identity"] == identity(embedder)
        assert byola_keras.load(workdir).card["recipe"] == configured
    with pytest.raises(
        ValueError, match="configuration that it was started with. Received: .*init_from=None"
    ):
        train(tmp_path / "parts", sounds, steps=4)
    with pytest.raises(FileNotFoundError, match="Received: path="):
        train(tmp_path / "new", sounds, init_from=folder)
    assert not (tmp_path / "new" / "configuration.json").exists()


def test_statistics_are_measured_unless_they_are_kept(trained, tmp_path):
    _, folder = trained
    for how, expected in (("measured", None), ("kept", (-8.25, pytest.approx(20.0**0.5), 0))):
        chosen = recipe(init_from=folder, init_statistics=how)
        assert kept_statistics(chosen, read_initial(chosen, tmp_path)) == expected
