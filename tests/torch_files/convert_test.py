import hashlib

import numpy as np
import pytest

import byola_keras
from byola_keras.models.norm_stats import NormStats
from byola_keras.torch_files.checkpoint import encoder_arguments, encoder_weights
from byola_keras.torch_files.convert import convert_torch, save
from byola_keras.torch_files.reader import read_torch_file
from tests import reference
from tests.torch_files.torch_writers import tensor, write_zip

STATS = NormStats(-8.0, 4.0, 0)
FILES = {
    "torch_v1_legacy.pth": ("v1", 2e-6),
    "torch_v2.pth": ("v2", 2e-6),
    "torch_half.pth": ("v2", 5e-3),
    "torch_lightning.ckpt": ("v2", 2e-6),
}


@pytest.mark.parametrize("name", FILES)
def test_outputs_equal_pytorch(torch_files, name):
    folder, expected = torch_files
    generation, tolerance = FILES[name]
    embedder = convert_torch(folder / name, STATS)
    output = embedder.encoder(reference.image_to_log_mel(expected["images"]))
    for key in ("frames", "scene"):
        value = expected[f"{generation}/{key}"]
        assert output[key].shape == value.shape
        assert np.abs(output[key] - value).max() < tolerance * np.abs(value).max(), key
    blocks, features, size = {"v1": (3, "global", 12), "v2": (2, "local_global", 69)}[generation]
    assert (embedder.encoder.conv_blocks, embedder.encoder.features) == (blocks, features)
    assert embedder.embedding_size == size
    # The same weights into an encoder that is there already.
    encoder = byola_keras.Encoder(**encoder_arguments(encoder_weights(read_torch_file(folder / name))))
    encoder.build((None, None, 64))
    byola_keras.load_torch_weights(encoder, folder / name)
    for ours, theirs in zip(encoder.weights, embedder.encoder.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_card_and_saved_file(tmp_path):
    path = tmp_path / "AudioNTT2022-BYOLA-64x96d2048.pth"
    path.write_bytes((reference.DATA_DIR / "torch_v2.pth").read_bytes())
    embedder = convert_torch(
        path, lambda frontend: STATS._replace(crops=30), mel_scale="htk", measured_on="x"
    )
    for output in (tmp_path / "new" / "v2.keras", tmp_path / "v2"):
        save(embedder, str(output))
        with pytest.raises(FileExistsError, match=f"Received: .*{output.name}'"):
            save(embedder, str(output))
        save(embedder, str(output), overwrite=True)
        loaded = byola_keras.load(str(output))
        waveforms = np.random.default_rng(0).normal(0, 0.1, (2, 5000)).astype("float32")
        np.testing.assert_array_equal(loaded(waveforms)["scene"], embedder(waveforms)["scene"])
        card = loaded.card
        assert card["licence"].startswith("NTT's") and "evaluation only" in card["licence"]
        assert card["weights"]["file"] == path.name and card["weights"]["generation"] == "v2, AudioNTT2022"
        assert card["weights"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        origin = "measured over 30 random crops of x"
        assert card["statistics"] == {"mean": -8.0, "std": 4.0, "origin": origin}
        assert "mel scale (htk), the mel norm (slaney)" in card["notes"]
    assert "| mel_scale | htk |" in (tmp_path / "v2" / "README.md").read_text()
    other = convert_torch(reference.DATA_DIR / "torch_v2.pth", STATS, mel_norm=None).card
    assert other["licence"] == "that of the checkpoint, which does not say"
    assert other["statistics"]["origin"] == "as given" and "mel norm (none)" in other["notes"]


@pytest.mark.parametrize(
    ("mel_scale", "mel_norm", "name", "tolerance"),
    [("slaney", "slaney", "lms", 1e-4), ("htk", None, "lms_htk", 2e-4)],
)
def test_front_ends_of_v1(mel_scale, mel_norm, name, tolerance):
    arrays = reference.load("htk_frontend")[0] | reference.load("v1_frontend")[0]
    stats = NormStats(*map(float, arrays["stats"]), 0)
    path = reference.DATA_DIR / "torch_v1_legacy.pth"
    embedder = convert_torch(path, stats, mel_scale=mel_scale, mel_norm=mel_norm)
    for k, frames in ((0, 12), (2, 14)):
        log_mel = embedder.normalization(embedder.frontend(arrays[f"wav_{k}"][None]))[0]
        np.testing.assert_allclose(np.transpose(log_mel), arrays[f"{name}_{k}"], atol=tolerance)
        assert embedder(arrays[f"wav_{k}"][None])["frames"].shape == (1, frames, 12)
    np.testing.assert_allclose(embedder.timestamps_ms(3), [35, 115, 195])


def published(generation, size):
    """Names and shapes of the published weights; the values take no memory."""
    blocks, hidden = (3, size) if generation == "v1" else (2, 2048)
    shapes = {"fc.0.weight": (hidden, 64 * (64 >> blocks)), "fc.0.bias": (hidden,)}
    shapes |= {"fc.3.weight": (size, hidden), "fc.3.bias": (size,)}
    for k in range(blocks):
        shapes |= {f"features.{4 * k}.weight": (64, 64 if k else 1, 3, 3), f"features.{4 * k}.bias": (64,)}
        names = ("weight", "bias", "running_mean", "running_var")
        shapes |= {f"features.{4 * k + 1}.{name}": (64,) for name in names}
        shapes[f"features.{4 * k + 1}.num_batches_tracked"] = ()
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("generation", "size", "features", "parameters"),
    [("v1", 512, 512, 600_192), ("v1", 1024, 1024, 1_649_792), ("v1", 2048, 2048, 5_321_856)]
    + [("v2", 2048, 3072, 6_333_376)],
)
def test_sizes_of_the_published_weights(generation, size, features, parameters):
    weights = published(generation, size)
    encoder = byola_keras.Encoder(**encoder_arguments(encoder_weights(weights)))
    encoder.build((None, None, 64))
    byola_keras.load_torch_weights(encoder, weights)
    assert encoder.embedding_size() == features
    assert sum(int(np.prod(weight.shape)) for weight in encoder.trainable_weights) == parameters


@pytest.mark.parametrize(("blocks", "features"), [(1, "local_global"), (2, "local_global"), (3, "global")])
def test_three_blocks_alone_are_v1(blocks, features):
    weights = {f"features.{4 * k}.weight": np.zeros((4, 4 if k else 1, 3, 3)) for k in range(blocks)}
    weights |= {"fc.0.weight": np.zeros((5, 4 * (64 >> blocks))), "fc.3.weight": np.zeros((6, 5))}
    expected = {"conv_blocks": blocks, "channels": 4, "mlp_units": (5, 6), "features": features}
    assert encoder_arguments(weights) == expected


# Names -------------------------------------------------------------------------------------------


def small_weights(prefix=""):
    arrays = read_torch_file(reference.DATA_DIR / "torch_v2.pth")
    return {prefix + name: array for name, array in arrays.items()}


@pytest.mark.parametrize(
    "prefix", ["", "model.", "encoder.", "online_encoder.", "module.", "learner.online_encoder.net."]
)
def test_prefixes(prefix):
    other = {
        "learner.online_encoder.projector.net.0.weight": np.zeros((3, 5)),
        "learner.online_predictor.net.0.weight": np.zeros((3, 5)),
        "to_spec.mel_basis": np.zeros((64, 513)),
        **small_weights("learner.target_encoder.net."),
    }
    weights = encoder_weights({**other, **small_weights(prefix)})
    assert list(weights) == list(small_weights())
    target = {**other, "x": np.zeros(1), **small_weights(prefix)}
    assert list(encoder_weights(target, "learner.target_encoder.net")) == list(small_weights())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classifier.weight": np.zeros(3)}, r"unused=\['classifier.weight'\]; `prefix` leaves"),
        ({"model.head.bias": np.zeros(3)}, r"missing=\[\], unused=\['head.bias'\]"),
        ({"model.fc.6.bias": np.zeros(3)}, r"unused=\['fc.6.bias'\]"),
        ({"model.features.5.running_var": None}, r"missing=\['features.5.running_var'\], unused=\[\]"),
        ({"model.fc.3.weight": None}, r"missing=\['fc.3.weight'\]"),
        ({"model.features.0.weight": None}, "There must be one encoder.*encoders under no prefix"),
        (small_weights("other."), r"encoders under \['model.', 'other.'\]"),
        ({"model.fc.0.bias": np.zeros(3, "f4")}, r"'fc.0.bias' must have the Keras shape \(10,\)"),
        (
            {"model.fc.0.weight": np.zeros((10, 80), "f4")},
            r"'fc.0.weight' must have the shape \(10, 64\), for 64",
        ),
        ({"model.fc.3.weight": np.zeros((5, 11), "f4")}, r"'fc.3.weight' must have the shape \(5, 10\)"),
        (
            {"model.features.0.weight": np.zeros((9**9, 0), "f4")},
            r"must have the shape \(387420489, 1, 3, 3\)",
        ),
        (
            {"model.features.4.weight": np.zeros(36, "f4")},
            r"'features.4.weight' must have the shape \(4, 4, 3, 3\)",
        ),
        ({"model.fc.3.bias": np.full(5, np.nan, "f4")}, r"NaN or infinity in \['fc.3.bias'\]"),
    ],
)
def test_every_name_and_shape_is_checked(monkeypatch, change, message):
    arrays = {**small_weights("model."), **change}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    monkeypatch.setattr("byola_keras.torch_files.convert.read_torch_file", lambda path: arrays)
    with pytest.raises(ValueError, match=message):
        convert_torch("x.pth", STATS)


def test_generation_may_be_named(torch_files):
    """Three blocks are v1's, unless said otherwise."""
    embedder = convert_torch(torch_files[0] / "torch_v1_legacy.pth", STATS, generation="v2")
    assert embedder.embedding_size == 4 * 8 + 12


@pytest.mark.parametrize("stats", [(np.nan, 4.0), (-8.0, 0.0), (-8.0, -1.0), (-8.0, np.inf)])
def test_statistics_are_checked(stats):
    with pytest.raises(ValueError, match="The statistics must be finite.*Received: mean="):
        convert_torch(reference.DATA_DIR / "torch_v2.pth", NormStats(*stats, 0))


def test_bad_weights_are_found_before_the_sound_is_read(tmp_path):
    path = write_zip(tmp_path / "x.pth", {"a": tensor()}, {"0": bytes(24)})
    with pytest.raises(ValueError, match="There must be one encoder"):
        convert_torch(path, lambda frontend: pytest.fail("measured"))
