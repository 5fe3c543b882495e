import keras
import numpy as np
import pytest

import byola_keras
from tests import reference
from tests.factories import reference_encoder, tiny_encoder
from tests.models.encoder_contract import run_encoder_test


def load_reference(prefix, variant):
    arrays, config = reference.load("encoder2022")
    encoder = reference_encoder(config[variant], config[variant]["n_mels"])
    byola_keras.load_torch_weights(encoder, reference.with_prefix(arrays, prefix))
    return encoder, arrays


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"conv_blocks": 0}, "Received: conv_blocks=0"),
        ({"flatten": "all"}, "Received: flatten='all'"),
        ({"features": "both"}, "Received: features='both'"),
        ({"pooling": "sum"}, "Received: pooling='sum'"),
        ({"dropout": 1.5}, "Received: rate=1.5"),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        byola_keras.Encoder(**arguments)


def test_too_few_frames_or_mels():
    with pytest.raises(ValueError, match="Received: frames=3, conv_blocks=2"):
        byola_keras.Encoder(channels=2, mlp_units=(4,))(np.zeros((1, 3, 8), "float32"))
    with pytest.raises(ValueError, match="Received: conv_blocks=4"):
        byola_keras.Encoder(conv_blocks=4).build((None, None, 8))


@pytest.mark.parametrize(
    ("weights", "variant", "image", "tag"),
    [
        ("weights/", "encoder", "input", "eval"),
        ("weights/", "encoder", "input_long", "eval_long"),
        ("varA_weights/", "varA", "varA_input", "varA_eval"),
        ("varB_weights/", "varB", "varB_input", "varB_eval"),
    ],
)
def test_inference_equals_the_original(weights, variant, image, tag):
    encoder, arrays = load_reference(weights, variant)
    x = reference.image_to_log_mel(arrays[image])
    output = encoder(x)
    np.testing.assert_allclose(output["frames"], arrays[f"{tag}_frames"], atol=1e-5, rtol=0)
    np.testing.assert_allclose(output["scene"], arrays[f"{tag}_emb"], atol=1e-5, rtol=0)
    conv = arrays[f"{tag}_conv"].transpose(0, 3, 2, 1)
    local = encoder(x, layers=["local"])["layers"]["local"].numpy()
    np.testing.assert_allclose(local, conv.reshape(local.shape), atol=1e-5, rtol=0)


def test_training_equals_the_original():
    encoder, arrays = load_reference("weights/", "encoder")
    output = encoder(reference.image_to_log_mel(arrays["input"]), training=True)
    np.testing.assert_allclose(output["frames"], arrays["train_frames"], atol=2e-5, rtol=0)
    np.testing.assert_allclose(output["scene"], arrays["train_emb"], atol=2e-5, rtol=0)
    for block, normalization in enumerate(encoder.normalizations):
        after = reference.with_prefix(arrays, f"train_after/features.{4 * block + 1}.")
        np.testing.assert_allclose(normalization.moving_mean, after["running_mean"], atol=1e-6, rtol=0)
        np.testing.assert_allclose(normalization.moving_variance, after["running_var"], atol=1e-6, rtol=0)


def trainable_parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


@pytest.mark.parametrize(
    ("arguments", "parameters", "size"),
    [
        ({}, 6_333_376, 3072),
        ({"conv_blocks": 1, "mlp_units": (2048, 1024)}, 6_295_296, 3072),
        ({"conv_blocks": 3, "mlp_units": (2048, 2560)}, 6_370_944, 3072),
        ({"conv_blocks": 1}, 8_393_472, 4096),
        ({"conv_blocks": 3}, 5_321_856, 2560),
        ({"mlp_units": (1024, 1024)}, 2_137_024, 2048),
        ({"mlp_units": (512, 512)}, 825_280, 1536),
        ({"features": "global"}, 6_333_376, 2048),
        ({"conv_blocks": 3, "mlp_units": (512, 512), "features": "global"}, 600_192, 512),
    ],
)
def test_parameter_count_equals_the_original(arguments, parameters, size):
    encoder = byola_keras.Encoder(**arguments)
    encoder.build((None, None, 64))
    assert trainable_parameters(encoder) == parameters
    assert encoder.embedding_size(64) == size


@pytest.mark.parametrize(
    ("flatten", "features", "size"),
    [
        ("freq_channel", "local", 16),
        ("mean_freq", "local_global", 8 + 6),
        ("mean_channel", "local_global", 2 + 6),
        ("mean_freq", "global", 6),
    ],
)
def test_ablation_variants(flatten, features, size):
    encoder = byola_keras.Encoder(channels=8, mlp_units=(5, 6), flatten=flatten, features=features)
    x = np.random.default_rng(0).normal(size=(2, 13, 8)).astype("float32")
    output = encoder(x)
    assert output["scene"].shape == (2, size)
    assert output["frames"].shape == (2, 3, size)
    local = byola_keras.Encoder(channels=8, mlp_units=(), features="local")
    local.build((None, None, 8))
    for ours, theirs in zip(local.weights, encoder.weights, strict=False):
        if ours.shape == theirs.shape:
            ours.assign(theirs)
    cube = local(x)["frames"].numpy().reshape(2, 3, 2, 8)
    if flatten != "freq_channel":
        mean = cube.mean(axis=2 if flatten == "mean_freq" else 3)
        np.testing.assert_allclose(encoder(x, layers=["local"])["layers"]["local"], mean, atol=1e-6)


def test_keras_file_round_trip(tmp_path):
    encoder = byola_keras.Encoder(channels=4, mlp_units=(8, 8), pooling="max", seed=4)
    x = np.random.default_rng(0).normal(size=(2, 12, 16)).astype("float32")
    encoder(x, training=True)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(x)["scene"], encoder(x)["scene"])
    # The dropout masks go on where they were.
    np.testing.assert_array_equal(loaded(x, training=True)["scene"], encoder(x, training=True)["scene"])
    assert loaded(np.zeros((3, 50, 16), "float32"))["frames"].shape == (3, 12, 24)


def test_initial_weights_are_uniform_within_the_fan_in():
    encoder = byola_keras.Encoder()
    encoder.build((None, None, 64))
    for layer, fan_in in [(encoder.convolutions[1], 9 * 64), (encoder.mlp[0], 1024)]:
        limit = 1 / np.sqrt(fan_in)
        for weight in (layer.kernel.numpy(), layer.bias.numpy()):
            assert 0.9 * limit < np.abs(weight).max() <= limit
            np.testing.assert_allclose(weight.std(), limit / np.sqrt(3), rtol=0.15)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"conv_blocks": 1, "pooling": "mean"},
        {"conv_blocks": 3, "pooling": "max"},
        {"flatten": "mean_freq"},
        {"flatten": "mean_channel", "features": "global"},
        {"features": "local"},
    ],
)
def test_contract(arguments, tmp_path):
    run_encoder_test(tiny_encoder(**arguments), tmp_path)
