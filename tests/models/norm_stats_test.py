import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.models import norm_stats


def test_statistics_equal_numpy_on_uneven_batches():
    parts = [np.random.default_rng(i).normal(-8, 3, (n, 7)) for i, n in enumerate((1, 40, 3, 200))]
    running = norm_stats.RunningStatistics()
    for part in parts:
        running.update(part)
    whole = np.concatenate(parts)
    np.testing.assert_allclose([running.mean, running.std], [whole.mean(), whole.std()], rtol=1e-12)


def test_measured_statistics_take_exactly_the_given_crops():
    waveforms = np.random.default_rng(0).normal(0, 0.1, (12, 2000)).astype("float32")
    frontend = byola_keras.LogMelSpectrogram()
    stats = norm_stats.measure(frontend, tf.data.Dataset.from_tensor_slices(waveforms).batch(4), 10)
    expected = frontend(waveforms[:10]).numpy()
    assert stats.crops == 10
    np.testing.assert_allclose([stats.mean, stats.std], [expected.mean(), expected.std()], rtol=1e-5)


def test_silence_has_no_statistics():
    silence = tf.data.Dataset.from_tensors(np.zeros((4, 2000), "float32"))
    with pytest.raises(ValueError, match="must not be all silent. Received: log-mel mean=-15.94"):
        norm_stats.measure(byola_keras.LogMelSpectrogram(), silence, 4)


def test_statistics_file(tmp_path):
    assert norm_stats.load(str(tmp_path)) is None
    stats = norm_stats.NormStats(-8.1234567890123, 4.2, 10_000)
    norm_stats.save(stats, str(tmp_path))
    assert norm_stats.load(str(tmp_path)) == stats


def test_layer_normalises_by_mean_and_deviation():
    layer = norm_stats.NormStats(-8.0, 4.0, 0).layer()
    np.testing.assert_allclose(layer(np.full((1, 2, 3), -2.0, "float32")), 1.5, rtol=1e-6)
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert norm_stats.NormStats(-8.0, 4.0, 0).layer().compute_dtype == "float32"
