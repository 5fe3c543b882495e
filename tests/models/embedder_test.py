import copy
import pickle
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.models.losses import byol_loss, effective_rank, projection_std
from byola_keras.models.model_card import as_markdown, describe, identity
from tests.factories import noise, tiny_embedder


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (1000, 1), (15200, 24), (16000, 25), (50000, 78)])
def test_any_length(samples, frames):
    output = tiny_embedder()(noise(2, samples))
    assert output["frames"].shape == (2, frames, 64 + 8)
    assert np.isfinite(output["scene"]).all()


def test_statistics_travel_with_the_file(tmp_path):
    embedder = tiny_embedder()
    expected = embedder(noise(2, 16000))
    embedder.save(tmp_path / "embedder.keras")
    for path in (tmp_path, tmp_path / "embedder.keras"):
        loaded = byola_keras.load(str(path))
        assert np.squeeze(loaded.normalization.mean) == -8.25
        for name in ("scene", "frames"):
            np.testing.assert_array_equal(loaded(noise(2, 16000))[name], expected[name])


def test_embedding_is_that_of_normalised_log_mel():
    embedder = tiny_embedder()
    log_mel = (embedder.frontend(noise(2, 16000)) + 8.25) / np.sqrt(20.0)
    expected = embedder.encoder(log_mel, training=False)["scene"]
    np.testing.assert_allclose(embedder(noise(2, 16000))["scene"], expected, atol=1e-5)


SPOILT = noise(2, 2000)
SPOILT[1, 100], SPOILT[0, 7] = np.nan, np.inf


@pytest.mark.parametrize(
    ("waveforms", "message"),
    [
        (np.zeros((2, 2000), "int16"), "divide 16-bit integers by 32768. Received: dtype=int16"),
        (np.zeros((2, 2000), bool), "Received: dtype=bool"),
        (np.float32(0.5), r"average the channels .*Received: shape=\(\)"),
        (np.zeros((2, 2000, 2), "float32"), r"stereo recording. Received: shape=\(2, 2000, 2\)"),
        (np.zeros((2, 0), "float32"), r"at least one sample. Received: shape=\(2, 0\)"),
        (np.zeros((0, 2000), "float32"), r"at least one clip .*Received: shape=\(0, 2000\)"),
        ([np.zeros(2000), np.zeros(1000)], "one array or tensor .*Received: list"),
        (SPOILT, "finite numbers. Received: 2 NaN or infinite samples of 4000"),
        (32768 * noise(2, 2000), r"must lie in \[-1, 1\]; divide .*Received: a peak of 1\d{4}"),
    ],
)
def test_no_waveform(waveforms, message):
    with pytest.raises(ValueError, match=message):
        tiny_embedder()(waveforms)


def test_in_a_graph_what_is_no_sound_counts_as_silence():
    embedder = tiny_embedder()
    graph = tf.function(embedder, input_signature=[tf.TensorSpec([None, None])])
    replaced = np.where(np.isfinite(SPOILT), SPOILT, 0)
    np.testing.assert_allclose(graph(SPOILT)["scene"], embedder(replaced)["scene"], atol=1e-6)
    np.testing.assert_allclose(
        embedder.predict(SPOILT, verbose=0)["scene"], embedder(replaced)["scene"], atol=1e-6
    )
    assert np.isfinite(graph(np.full((2, 3000), -1e30, "float32"))["scene"]).all()
    silence = embedder(np.zeros((2, 1000), "float32"))["frames"]
    np.testing.assert_allclose(graph(np.zeros((2, 0), "float32"))["frames"], silence, atol=1e-6)


def test_double_precision_and_loud_sound_are_welcome():
    embedder = tiny_embedder()
    np.testing.assert_array_equal(
        embedder(noise(2, 2000).astype("float64"))["scene"], embedder(noise(2, 2000))["scene"]
    )
    assert np.isfinite(embedder(20 * noise(2, 2000))["scene"]).all()


@pytest.mark.parametrize("flatten", ["freq_channel", "mean_freq"])
def test_layers(flatten):
    embedder = tiny_embedder(flatten=flatten)
    plain, output = embedder(noise(2, 16000)), embedder(noise(2, 16000), layers="all")
    layers = output.pop("layers")
    shapes = {name: tuple(features.shape) for name, features in layers.items()}
    local = {"freq_channel": 64, "mean_freq": 4}[flatten]
    assert shapes == {
        "conv_1": (2, 50, 128),
        "conv_2": (2, 25, 64),
        "local": (2, 25, local),
        "global": (2, 25, 8),
    }
    for name in ("scene", "frames"):
        np.testing.assert_array_equal(output[name], plain[name])
    np.testing.assert_array_equal(tf.concat([layers["local"], layers["global"]], -1), plain["frames"])
    if flatten == "freq_channel":
        np.testing.assert_array_equal(layers["conv_2"], layers["local"])
    chosen = embedder(noise(2, 16000), layers=["conv_1"])["layers"]
    assert list(chosen) == ["conv_1"]
    np.testing.assert_array_equal(chosen["conv_1"], layers["conv_1"])


def test_first_block_by_hand():
    embedder = tiny_embedder()
    embedder.build()
    log_mel = embedder.normalization(embedder.frontend(noise(1, 3000)))[..., None]
    convolution, normalization = embedder.encoder.convolutions[0], embedder.encoder.normalizations[0]
    block = tf.nn.relu(normalization(convolution(log_mel)))[:, :18].numpy()  # of 19 frames
    pooled = block.reshape(1, 9, 2, 32, 2, 4).max(axis=(2, 4)).reshape(1, 9, 128)
    np.testing.assert_allclose(
        embedder(noise(1, 3000), layers=("conv_1",))["layers"]["conv_1"], pooled, atol=1e-6
    )


def test_unknown_layer():
    for layers in (["conv_3"], "local", ["conv_1", "frames"]):
        with pytest.raises(
            ValueError, match="some of .*'conv_1', 'conv_2', 'local', 'global'.*Received: layers="
        ):
            tiny_embedder()(noise(1, 2000), layers=layers)
    with pytest.raises(ValueError, match="some of"):
        tiny_embedder(features="local")(noise(1, 2000), layers=["global"])


def test_timestamps():
    embedder = tiny_embedder()
    np.testing.assert_array_equal(embedder.timestamps_ms(3), [15, 55, 95])
    np.testing.assert_array_equal(embedder.timestamps_ms(3, "conv_1"), [5, 25, 45])
    assert embedder.timestamps_ms(900_000)[-1] == 40 * 899_999 + 15
    np.testing.assert_array_equal(embedder.timestamps_ms(2, start=10), [415, 455])
    assert embedder.frame_seconds == 0.04
    assert tiny_embedder(frontend={"sample_rate": 8000, "f_max": 4000.0}).frame_seconds == 0.08
    deeper = tiny_embedder(conv_blocks=3)
    np.testing.assert_array_equal(deeper.timestamps_ms(2), [35, 115])
    assert deeper.frame_seconds == 0.08
    # Eight frames of the front end are longer than its window.
    assert deeper(noise(1, 1))["frames"].shape == (1, 1, 32 + 8) and deeper.frame_count(1) == 1
    with pytest.raises(ValueError, match="Received: layer='conv_3'"):
        embedder.timestamps_ms(3, "conv_3")
    assert (embedder.sample_rate, embedder.embedding_size) == (16000, 64 + 8)


CARD = {"trained_on": "2,000 sound files", "recipe": {"seed": 3, "mlp_units": [8, 8]}, "licence": "cc-by-4.0"}


def test_card_travels_with_the_file(tmp_path):
    embedder = tiny_embedder({**CARD, "recipe": {"seed": 3, "mlp_units": (8, 8)}})
    embedder.build((None, None))
    embedder.save(tmp_path / "embedder.keras")
    loaded = byola_keras.load(str(tmp_path))
    assert loaded.card == CARD
    facts = describe(loaded)
    assert facts["card"] == CARD and facts["normalization_mean"] == -8.25
    assert abs(facts["normalization_std"] - 20.0**0.5) < 1e-6
    assert (facts["frame_hop_ms"], facts["first_frame_centre_ms"], facts["embedding_size"]) == (40, 15, 72)
    text = as_markdown(loaded)
    assert text.startswith("---\n") and 'license: "cc-by-4.0"\n' in text
    for line in (
        "| embedding_size | 72 |",
        "| mlp_units | [8, 8] |",
        "2,000 sound files",
        "| mel_scale | slaney |",
    ):
        assert line in text.splitlines()


def test_identity_is_that_of_the_embeddings(tmp_path):
    embedder = tiny_embedder()
    embedder.build()
    before = identity(embedder)
    embedder.save(tmp_path / "embedder.keras")
    loaded = byola_keras.load(tmp_path)
    assert identity(loaded) == before == describe(loaded)["identity"]
    parts = (embedder.frontend, embedder.normalization, embedder.encoder)
    assert identity(byola_keras.Embedder(*parts, {"notes": "other"})) == before
    loaded.encoder.normalizations[0].moving_mean.assign_add([0, 0, 1e-6, 0])
    htk = byola_keras.LogMelSpectrogram(mel_scale="htk")
    normalization = keras.layers.Normalization(axis=None, mean=-8.25, variance=20.5)
    normalization.build((None, None, 64))
    half = byola_keras.Encoder.from_config({**embedder.encoder.get_config(), "dtype": "mixed_bfloat16"})
    half.build((None, None, 64))
    half.set_weights(embedder.encoder.get_weights())
    others = [(htk, *parts[1:]), (parts[0], normalization, parts[2]), (*parts[:2], half)]
    assert before not in [identity(loaded), *(identity(byola_keras.Embedder(*other)) for other in others)]


def test_file_from_before_there_were_cards(tmp_path):
    embedder = tiny_embedder()
    expected = embedder(noise(2, 2000))["scene"]
    embedder.save(tmp_path / "new.keras")
    with zipfile.ZipFile(tmp_path / "new.keras") as new:
        members = {name: new.read(name) for name in new.namelist()}
    without_card = members["config.json"].replace(b', "card": {}', b"")
    assert b"card" in members["config.json"] and b"card" not in without_card
    with zipfile.ZipFile(tmp_path / "old.keras", "w") as old:
        for name, content in {**members, "config.json": without_card}.items():
            old.writestr(name, content)
    loaded = byola_keras.load(str(tmp_path / "old.keras"))
    assert loaded.card == {}
    np.testing.assert_array_equal(loaded(noise(2, 2000))["scene"], expected)


@pytest.mark.parametrize(
    ("card", "message"), [("text", "Received: card='text'"), ({"x": np.ones(2)}, "not JSON serial")]
)
def test_card_that_is_no_json(card, message):
    with pytest.raises(ValueError, match=message):
        tiny_embedder(card)


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


def test_graph_is_no_part_of_what_is_saved(tmp_path):
    embedder = tiny_embedder(build=False)
    expected = embedder.embed(noise(2, 3000))["scene"]
    embedder.save(tmp_path / "embedder.keras")
    for other in (byola_keras.load(tmp_path), copy.deepcopy(embedder), pickle.loads(pickle.dumps(embedder))):
        np.testing.assert_array_equal(other.embed(noise(2, 3000))["scene"], expected)
    np.testing.assert_allclose(expected, embedder(noise(2, 3000))["scene"], atol=1e-6)


@pytest.mark.parametrize("shape", [(16000, 2), (1000, 8)])
def test_recording_as_it_comes_from_a_file_is_no_batch(shape):
    with pytest.raises(ValueError, match=r"looks like \[samples, channels\]"):
        tiny_embedder()(np.zeros(shape, "float32"))
    assert tiny_embedder()(np.zeros((shape[1], 1000), "float32"))["scene"].shape[0] == shape[1]
