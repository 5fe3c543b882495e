import os

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations import LogMelStatistics
from byola_keras.evaluation.representations.own import with_statistics
from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.models.model_card import identity
from byola_keras.models.norm_stats import NormStats
from tests.factories import noise, tiny_embedder
from tests.models.encoder_contract import run_encoder_test


def test_statistics_are_an_encoder(tmp_path):
    run_encoder_test(LogMelStatistics(), tmp_path)


def test_statistics_have_no_layers():
    x = np.zeros((1, 5, 4), "float32")
    assert LogMelStatistics()(x, layers="all")["layers"] == {}
    with pytest.raises(ValueError, match="layers=.*conv_1"):
        LogMelStatistics()(x, layers=("conv_1",))


def test_logmel_stats_are_mean_and_deviation_of_the_log_mel():
    sound = noise(3, 16000)
    representation = load_representation("logmel_stats")
    statistics = representation.embedder
    log_mel = np.asarray(statistics.frontend(sound))
    expected = np.concatenate([log_mel.mean(axis=1), log_mel.std(axis=1)], axis=-1)
    np.testing.assert_allclose(statistics(sound)["scene"], expected, atol=1e-4)
    assert statistics.embedding_size == 128 and not representation.own_statistics
    # A shorter clip of a padded batch has the statistics of its own sound.
    lengths = np.array([16000, 8000, 5000], "int32")
    padded = statistics(sound, lengths=lengths)["scene"]
    np.testing.assert_allclose(padded[1], statistics(sound[1:2, :8000])["scene"][0], atol=1e-4)


def test_random_is_always_the_same():
    sound = noise(1, 4000)
    first, second = (load_representation("random") for _ in range(2))
    assert first.embed(sound).shape == (1, 3072) and not first.own_statistics
    np.testing.assert_array_equal(first.embed(sound), second.embed(sound))
    assert first.identity == second.identity and first.needs_statistics("whole_clip")


def test_trained_embedder_is_loaded(tmp_path):
    embedder = tiny_embedder()
    os.mkdir(tmp_path / "mine")
    embedder.save(tmp_path / "mine" / "embedder.keras")
    loaded = load_representation(str(tmp_path / "mine"))
    sound = noise(1, 4000)
    np.testing.assert_allclose(loaded.embed(sound), embedder(sound)["scene"], atol=1e-5)
    assert loaded.name == "mine" and loaded.identity == identity(embedder)
    assert loaded.needs_statistics("window") and not loaded.needs_statistics("whole_clip")


def test_other_statistics():
    embedder = tiny_embedder()
    sound = noise(1, 4000)
    other = with_statistics(embedder, NormStats(-5.0, 2.0, 10))
    expected = (np.asarray(embedder.frontend(sound)) + 5) / 2
    np.testing.assert_allclose(other.normalized_log_mel(tf.constant(sound)), expected, atol=1e-5)
    assert other.encoder is embedder.encoder
