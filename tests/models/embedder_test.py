import keras
import numpy as np
import pytest

import byola_keras
from byola_keras.models.losses import byol_loss, effective_rank, projection_std


def make():
    return byola_keras.Embedder(
        byola_keras.LogMelSpectrogram(),
        keras.layers.Normalization(axis=None, mean=-8.25, variance=20.0, dtype="float32"),
        byola_keras.Encoder(channels=4, mlp_units=(8, 8)),
    )


def sound(batch, samples):
    return np.random.default_rng(0).normal(0, 0.1, (batch, samples)).astype("float32")


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (1000, 1), (15200, 24), (16000, 25), (50000, 78)])
def test_any_length(samples, frames):
    output = make()(sound(2, samples))
    assert output["frames"].shape == (2, frames, 64 + 8)
    assert np.isfinite(output["scene"]).all()


def test_statistics_travel_with_the_file(tmp_path):
    embedder = make()
    expected = embedder(sound(2, 16000))
    embedder.save(tmp_path / "embedder.keras")
    for path in (tmp_path, tmp_path / "embedder.keras"):
        loaded = byola_keras.load(str(path))
        assert float(loaded.normalization.mean) == -8.25
        for name in ("scene", "frames"):
            np.testing.assert_array_equal(loaded(sound(2, 16000))[name], expected[name])


def test_embedding_is_that_of_normalised_log_mel():
    embedder = make()
    log_mel = (embedder.frontend(sound(2, 16000)) + 8.25) / np.sqrt(20.0)
    expected = embedder.encoder(log_mel, training=False)["scene"]
    np.testing.assert_allclose(embedder(sound(2, 16000))["scene"], expected, atol=1e-5)


def test_load_refuses_what_is_no_embedder(tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: path='nothing/here'; train one"):
        byola_keras.load("nothing/here")
    with pytest.raises(FileNotFoundError, match=f"Received: path='{tmp_path}'"):
        byola_keras.load(str(tmp_path))
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(ValueError, match="must be a .keras file. Received: path='.*text.keras'"):
        byola_keras.load(str(tmp_path / "text.keras"))
    byola_keras.Encoder(channels=2, mlp_units=(2,)).save(tmp_path / "encoder.keras")
    with pytest.raises(ValueError, match="must hold a byola_keras.Embedder. Received: Encoder"):
        byola_keras.load(str(tmp_path / "encoder.keras"))


def test_loss_by_hand():
    prediction = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0], [2.0, 0.0]], "float32")
    projection = np.array([[6.0, 8.0], [0.0, 2.0], [1.0, 1.0], [-1.0, 0.0]], "float32")
    np.testing.assert_allclose(byol_loss(prediction, projection), [0.0, 2.0, 2.0, 4.0], atol=1e-6)


def test_spread_and_effective_rank():
    draws = np.random.default_rng(0)
    isotropic = draws.normal(size=(4000, 16)).astype("float32")
    np.testing.assert_allclose(projection_std(isotropic), 1.0, atol=0.02)
    np.testing.assert_allclose(effective_rank(isotropic), 16.0, atol=0.2)
    one_point = np.ones((100, 16), "float32") * draws.uniform(1, 2, (100, 1)).astype("float32")
    np.testing.assert_allclose(projection_std(one_point), 0.0, atol=1e-3)
    np.testing.assert_allclose(effective_rank(one_point), 1.0, atol=0.01)
