"""Layers of our encoders as representations."""

import numpy as np
import pytest

from byola_keras.evaluation.representations.layers import with_layers
from byola_keras.evaluation.representations.own import EmbedderRepresentation, load_own
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.models.norm_stats import NormStats
from tests.factories import tiny_embedder

SOUND = np.random.default_rng(0).normal(0, 0.1, (3, 8000)).astype("float32")


@pytest.fixture(scope="module")
def embedder():
    return tiny_embedder()


def test_layers_are_pooled_side_by_side(embedder):
    representation = with_layers(EmbedderRepresentation(embedder), ["conv_1", "global", "local+global"])
    found = representation.embed(SOUND)
    by_hand = {
        name: frames.numpy().mean(axis=1) + frames.numpy().max(axis=1)
        for name, frames in embedder(SOUND, layers="all")["layers"].items()
    }
    assert list(representation.columns) == ["conv_1", "global", "local+global"]
    for name, columns in representation.columns.items():
        expected = np.concatenate([by_hand[layer] for layer in name.split("+")], axis=1)
        np.testing.assert_allclose(found[:, columns], expected, atol=1e-5)
    # The embedding of this encoder is just that join.
    np.testing.assert_allclose(
        found[:, representation.columns["local+global"]], embedder(SOUND)["scene"], atol=1e-5
    )


def test_statistics_of_a_task_are_taken(embedder):
    representation = with_layers(EmbedderRepresentation(embedder, own_statistics=False), ["local"])
    other = representation.with_statistics(NormStats(-3.0, 2.0, 1))
    assert other.columns == representation.columns and not representation.own_statistics
    frames = other.embedder(SOUND, layers=["local"])["layers"]["local"].numpy()
    np.testing.assert_allclose(other.embed(SOUND), frames.mean(axis=1) + frames.max(axis=1), atol=1e-5)
    assert not np.allclose(other.embed(SOUND), representation.embed(SOUND), atol=1e-2)


def test_each_choice_has_a_cache_of_its_own(embedder):
    whole = EmbedderRepresentation(embedder)
    found = {with_layers(whole, layers).identity for layers in (["local"], ["global"], ["local", "global"])}
    assert len(found | {whole.identity}) == 4
    assert with_layers(whole, ["local", "local"]).identity == with_layers(whole, ["local"]).identity


def test_unknown_layers_are_named(embedder):
    for wrong in ("conv_9", "local+conv_9", ""):
        with pytest.raises(ValueError, match=r"layers='.*' for mine, which has conv_1, .*local, global"):
            with_layers(EmbedderRepresentation(embedder, "mine"), ["local", wrong])
    with pytest.raises(ValueError, match="for logmel_stats, which has no layers"):
        with_layers(load_own("logmel_stats"), ["local"])


def test_models_of_others_have_none():
    class Loudness(Representation):
        def features(self, waveforms):
            return np.abs(waveforms).mean(axis=1, keepdims=True)

    with pytest.raises(ValueError, match=r"this project's encoders only.*layers=local for loudness"):
        with_layers(Loudness("loudness", 16000, "0"), ["local"])
