import numpy as np
import pytest

from byola_keras.models.resnet_encoder import ResNetEncoder
from tests.models.encoder_contract import run_encoder_test


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


@pytest.mark.parametrize(
    "arguments",
    [
        {"depth": 18},
        {"depth": 18, "pooling": "regp"},
        {"depth": 18, "pooling": "regp", "narrow_receptive_field": True},
        {"depth": 50, "pooling": "regp", "narrow_receptive_field": True},
    ],
)
def test_contract(arguments, tmp_path):
    run_encoder_test(ResNetEncoder(**arguments), tmp_path, n_mels=32, frames=32 * 20 + 7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"depth": 34}, "Received: depth=34"), ({"pooling": "mean_max"}, "Received: pooling='mean_max'")],
)
def test_bad_argument(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResNetEncoder(**arguments)
