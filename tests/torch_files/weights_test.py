import numpy as np
import pytest

import byola_keras
from tests import reference
from tests.factories import reference_encoder


@pytest.fixture
def encoder_and_weights():
    arrays, config = reference.load("encoder2022")
    return reference_encoder(config["encoder"]), reference.with_prefix(arrays, "weights/")


def test_unbuilt_encoder(encoder_and_weights):
    with pytest.raises(ValueError, match="must be built.*encoder.build"):
        byola_keras.load_torch_weights(byola_keras.Encoder(), encoder_and_weights[1])


def test_missing_and_unused_names(encoder_and_weights):
    encoder, weights = encoder_and_weights
    weights["encoder.fc.0.bias"] = weights.pop("fc.0.bias")
    with pytest.raises(ValueError, match=r"missing=\['fc.0.bias'\], unused=\['encoder.fc.0.bias'\]"):
        byola_keras.load_torch_weights(encoder, weights)


def test_wrong_shape_sets_nothing(encoder_and_weights):
    encoder, weights = encoder_and_weights
    before = [weight.numpy() for weight in encoder.weights]
    weights["fc.3.bias"] = np.zeros(7, "float32")
    with pytest.raises(ValueError, match=r"'fc.3.bias' must have the Keras shape \(32,\). Received: \(7,\)"):
        byola_keras.load_torch_weights(encoder, weights)
    for old, weight in zip(before, encoder.weights, strict=True):
        np.testing.assert_array_equal(old, weight)


def test_batch_counters_are_ignored(encoder_and_weights):
    encoder, weights = encoder_and_weights
    byola_keras.load_torch_weights(encoder, {**weights, "features.1.num_batches_tracked": np.array(3)})
    np.testing.assert_array_equal(encoder.mlp[0].kernel, weights["fc.0.weight"].T)
