import numpy as np
import pytest
import tensorflow as tf
from sklearn.preprocessing import StandardScaler

from byola_keras.evaluation import standardised as standardised_module
from byola_keras.evaluation.standardised import Scale, Standardised


@pytest.fixture
def embeddings():
    draws = np.random.default_rng(0)
    return (1000 + draws.normal(size=(11, 5)) * np.logspace(-1, 2, 5)).astype("float32")


def test_scale_equals_scikit_learn_in_any_pieces(embeddings, monkeypatch):
    embeddings[:, 2] = 7.0
    monkeypatch.setattr(standardised_module, "_READ_CLIPS", 4)
    scale, scaler = Scale.of(embeddings), StandardScaler().fit(embeddings.astype("float64"))
    np.testing.assert_allclose(scale.mean, scaler.mean_, rtol=1e-6)
    # The deviation of all clips, without Bessel's correction; 1 for a feature that never changes.
    np.testing.assert_allclose(scale.deviation, scaler.scale_, rtol=1e-6)
    assert scale.deviation[2] == 1


@pytest.mark.parametrize("memory", [2**30, 0])
def test_taken_clips_are_the_same_from_memory_and_from_a_file(embeddings, tmp_path, monkeypatch, memory):
    np.save(tmp_path / "embeddings.npy", embeddings)
    file = np.load(tmp_path / "embeddings.npy", mmap_mode="r")
    monkeypatch.setattr(standardised_module, "_MEMORY_BYTES", memory)
    scale = Scale.of(embeddings)
    source = Standardised(file, scale)
    numbers = np.array([[3, 0], [10, 3]])
    taken = tf.function(source.take)(tf.constant(numbers))
    np.testing.assert_allclose(taken, ((embeddings - scale.mean) / scale.deviation)[numbers], atol=1e-6)
    assert (len(source), source.size, taken.shape) == (11, 5, (2, 2, 5))


def test_embeddings_beyond_a_gigabyte_are_not_held(monkeypatch):
    held = []
    monkeypatch.setattr(tf, "concat", lambda pieces, axis: held.append(len(pieces)))
    for gigabytes in (1, 2):
        # Of one stored value: the size is that of the array as it is read.
        large = np.broadcast_to(np.float32(0), (gigabytes * 2**18, 1024))
        monkeypatch.setattr(Scale, "apply", lambda self, piece: None)
        Standardised(large, Scale(np.zeros(1024, "float32"), np.ones(1024, "float32")))
    assert held == [64]
