import numpy as np
import pytest
import tensorflow as tf

from byola_keras.evaluation.representations import (
    LogMelStatistics,
    has_statistics,
    load_representation,
    with_statistics,
)
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
    statistics = load_representation("logmel_stats")
    log_mel = np.asarray(statistics.frontend(sound))
    expected = np.concatenate([log_mel.mean(axis=1), log_mel.std(axis=1)], axis=-1)
    np.testing.assert_allclose(statistics(sound)["scene"], expected, atol=1e-4)
    assert statistics.embedding_size == 128 and not has_statistics("logmel_stats")
    # A shorter clip of a padded batch has the statistics of its own sound.
    lengths = np.array([16000, 8000, 5000], "int32")
    padded = statistics(sound, lengths=lengths)["scene"]
    np.testing.assert_allclose(padded[1], statistics(sound[1:2, :8000])["scene"][0], atol=1e-4)


def test_random_is_always_the_same():
    sound = noise(1, 4000)
    first, second = (load_representation("random") for _ in range(2))
    assert first(sound)["scene"].shape == (1, 3072) and not has_statistics("random")
    np.testing.assert_array_equal(first(sound)["scene"], second(sound)["scene"])


def test_trained_embedder_is_loaded(tmp_path):
    embedder = tiny_embedder()
    embedder.save(tmp_path / "embedder.keras")
    loaded = load_representation(str(tmp_path / "embedder.keras"))
    sound = noise(1, 4000)
    np.testing.assert_array_equal(loaded(sound)["scene"], embedder(sound)["scene"])
    assert has_statistics(str(tmp_path / "embedder.keras"))


def test_other_statistics():
    embedder = tiny_embedder()
    sound = noise(1, 4000)
    other = with_statistics(embedder, NormStats(-5.0, 2.0, 10))
    expected = (np.asarray(embedder.frontend(sound)) + 5) / 2
    np.testing.assert_allclose(other.normalized_log_mel(tf.constant(sound)), expected, atol=1e-5)
    assert other.encoder is embedder.encoder
