import numpy as np
import pytest
import soundfile

from byola_keras import hear
from byola_keras.embedding.embed_file import iter_frames
from byola_keras.models.resnet_encoder import ResNetEncoder
from byola_keras.models.untrained import untrained_embedder
from tests.embedding.whole_and_chunks import assert_as_in_one_pass
from tests.factories import changing_noise, noise
from tests.models.encoder_contract import run_encoder_test
from tests.models.resnet_reference import reference_stages

KINDS = [
    {"depth": 18},
    {"depth": 18, "pooling": "regp"},
    {"depth": 18, "pooling": "regp", "narrow_receptive_field": True},
    {"depth": 50, "pooling": "regp", "narrow_receptive_field": True},
]


def with_statistics(encoder):
    """Gives the encoder such weights as a trained one has: statistics and offsets that are not 0 and 1."""
    draws = np.random.default_rng(3)
    for weight in encoder.weights:
        if len(weight.shape) == 1 and weight.dtype == "float32":
            weight.assign(draws.uniform(0.3, 1.5, weight.shape))
    return encoder


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(
    ("arguments", "size", "count", "positions"),
    [
        # Parameters are those of the image networks without classifier and with one input channel:
        # 11,689,512 - 513,000 - 2 x 3,136 and 25,557,032 - 2,049,000 - 6,272.
        ({"depth": 18}, 512, 11_170_240, (3, 2)),
        ({"depth": 18, "pooling": "regp"}, 1_024, 11_170_240, (3, 2)),
        ({"depth": 18, "pooling": "regp", "narrow_receptive_field": True}, 4_096, 11_170_240, (6, 8)),
        ({"depth": 50, "pooling": "regp", "narrow_receptive_field": True}, 16_384, 23_501_760, (6, 8)),
    ],
)
def test_sizes_of_the_paper(arguments, size, count, positions):
    encoder = ResNetEncoder(**arguments)
    encoder.build((None, 96, 64))
    assert encoder.embedding_size(64) == size
    assert parameters(encoder) == count
    x = np.zeros((1, 96, 64), "float32")
    last = encoder(x, layers=["stage_4"])["layers"]["stage_4"]
    assert last.shape == (1, positions[0], positions[1] * encoder.stages[-1][-1].channels_out)


@pytest.mark.parametrize("arguments", KINDS)
def test_contract(arguments, tmp_path):
    run_encoder_test(ResNetEncoder(channels=8, **arguments), tmp_path, n_mels=32, frames=32 * 20 + 7)


@pytest.mark.parametrize("arguments", KINDS)
@pytest.mark.parametrize("mels", [64, 37])
def test_numbers_of_the_image_network(arguments, mels):
    encoder = ResNetEncoder(channels=4, **arguments)
    encoder.build((None, None, mels))
    with_statistics(encoder)
    x = np.random.default_rng(0).normal(size=(2, 96, mels)).astype("float32")
    output = encoder(x, layers="all")
    expected = reference_stages(encoder, x)
    for (name, found), stage in zip(output["layers"].items(), expected, strict=True):
        assert_close(found, stage.reshape(*stage.shape[:2], -1), name)
    last = expected[-1]
    if arguments.get("pooling") == "regp":
        frames = last.reshape(*last.shape[:2], -1)
        assert_close(output["scene"], frames.mean(1) + frames.max(1), "scene")
    else:
        assert_close(output["scene"], last.mean((1, 2)), "scene")


def assert_close(found, expected, name):
    assert found.shape == expected.shape, name
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max(), err_msg=name)


@pytest.mark.parametrize("arguments", KINDS)
def test_chunks_cannot_be_seen(arguments, tmp_path):
    embedder = untrained_embedder(ResNetEncoder(channels=4, **arguments))
    with_statistics(embedder.encoder)
    soundfile.write(tmp_path / "x.wav", changing_noise(16 * 16_000 + 77), 16_000, subtype="FLOAT")
    for seconds in (0.1, 3.0, 5.2):
        assert_as_in_one_pass(embedder, tmp_path / "x.wav", seconds)
    assert len(list(iter_frames(embedder, str(tmp_path / "x.wav"), 5.2))) > 2


@pytest.mark.parametrize("arguments", KINDS)
def test_frames_see_the_context_and_are_centred_on_their_time(arguments):
    """One frame of the input changes the features around it: as many to the left as to the right."""
    encoder = ResNetEncoder(channels=4, **arguments)
    embedder = untrained_embedder(encoder)
    with_statistics(encoder)
    x = np.random.default_rng(0).normal(size=(1, 40 * encoder.stride, 64)).astype("float32")
    changed = x.copy()
    changed[0, 20 * encoder.stride] += 10.0
    for name in (*encoder.layer_names, "frames"):
        features = [encoder(each, layers="all") for each in (x, changed)]
        features = [each["frames"] if name == "frames" else each["layers"][name] for each in features]
        seen = np.flatnonzero(np.ptp(features, axis=0).max((0, 2)))
        times = embedder.timestamps_ms(seen[-1] + 1, name)[[seen[0], seen[-1]]]
        assert times.mean() == 10.0 * 20 * encoder.stride, name
    reach = encoder.stride * (seen[-1] - seen[0]) / 2
    assert (encoder.context - 1) * encoder.stride <= reach <= encoder.context * encoder.stride


def test_hear(tmp_path):
    embedder = untrained_embedder(ResNetEncoder(channels=4, pooling="regp", narrow_receptive_field=True))
    embedder.save(tmp_path / "resnet.keras")
    model = hear.load_model(str(tmp_path / "resnet.keras"), chunk_seconds=4.0)
    audio = noise(2, 12 * 16_000)
    frames, times = hear.get_timestamp_embeddings(audio, model)
    expected = embedder.embed(audio)
    assert_close(frames, expected["frames"].numpy(), "frames")
    assert_close(hear.get_scene_embeddings(audio, model), expected["scene"].numpy(), "scene")
    assert model.scene_embedding_size == model.timestamp_embedding_size == 8 * 32
    np.testing.assert_array_equal(times[1], 160.0 * np.arange(frames.shape[1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 34}, "Received: depth=34"),
        ({"pooling": "mean_max"}, "Received: pooling='mean_max'"),
        ({"channels": 0}, "Received: channels=0"),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResNetEncoder(**arguments)
