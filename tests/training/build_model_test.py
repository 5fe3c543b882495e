"""The model of a recipe."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from byola_keras.models.norm_stats import NormStats
from byola_keras.training.build_model import build_model, check_blocks, parameter_counts
from byola_keras.training.recipe import Recipe
from tests.factories import noise

SMALL = {"encoder": "Encoder(channels=4, mlp_units=(8, 8))", "projection_units": (16, 8)}
SMALL["augmentation"] = ("LogMixupExp(memory_size=4)", "RandomLinearFader", "BatchStandardization")


def build(**changes):
    return build_model(NormStats(-8.0, 4.0, 0), 4000, Recipe(**{**SMALL, **changes}))


def weights(model):
    return [np.array(weight) for weight in model.weights]


def test_the_seed_decides_the_weights_and_nothing_else_is_reseeded():
    random.seed(1)
    np.random.seed(1)
    tf.random.set_seed(1)
    expected = [random.random(), np.random.random(), float(tf.random.uniform([]))]
    random.seed(1)
    np.random.seed(1)
    tf.random.set_seed(1)
    first = build(seed=3)
    assert [random.random(), np.random.random(), float(tf.random.uniform([]))] == expected
    second, other = build(seed=3), build(seed=4)
    for ours, theirs in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(first.encoder.weights[1], other.encoder.weights[1])


def test_one_seed_gives_one_training():
    losses = []
    for _ in range(2):
        model = build(seed=3)
        losses.append(model.fit(tf.data.Dataset.from_tensors(noise(4, 4000)), verbose=0).history["loss"][0])
    assert losses[0] == losses[1]


def test_the_recipe_reaches_the_model():
    model = build(target_decay=0.5, learning_rate=0.25, use_predictor=False, precision="mixed_bfloat16")
    assert model.target_decay == 0.5 and float(model.optimizer.learning_rate) == 0.25
    assert model.predictor is None and list(parameter_counts(model)) == ["encoder", "projector"]
    assert (
        model.encoder.dtype_policy.name == "mixed_bfloat16" and keras.config.dtype_policy().name == "float32"
    )
    assert model.projector.units == (16, 8) and model.augmentation.layers[0].memory_size == 4
    assert float(np.squeeze(model.normalization.mean)) == -8.0
    deep = build(projection_hidden_layers=(3, 2))
    heads = (deep.projector, deep.target_projector, deep.predictor)
    assert [head.hidden_layers for head in heads] == [3, 3, 2]
    # What is saved and restored is there from the start.
    assert len(model.optimizer.variables) > 2 * len(model.trainable_variables)


class Squared(byola_keras.BYOL):
    """A loss of a user."""

    def __init__(self, *parts, factor=2.0, **kwargs):
        super().__init__(*parts, **kwargs)
        self.factor = factor

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.factor * super().compute_loss(y=y, y_pred=y_pred)


def test_model_of_a_user_has_the_parts_of_the_recipe():
    plain = build(target_decay=0.5)
    own = build(target_decay=0.5, model=f"{__name__}:Squared(factor=3.0)")
    assert own.target_decay == 0.5 and own.projector.units == (16, 8)
    for ours, theirs in zip(weights(own), weights(plain), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    loss, expected = (float(model.train_step(noise(4, 4000))["loss"]) for model in (own, plain))
    assert abs(loss - 3.0 * expected) < 1e-5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Encoder", "must be one of BYOL, or a BYOL of your own .*Received: Encoder"),
        ("BYOL(target_decay=0.5)", "Received: target_decay in BYOL"),
        (f"{__name__}:Squared(facto=1)", "parameters of .*Squared are factor. Received: facto in"),
    ],
)
def test_models_that_cannot_be_made(text, message):
    with pytest.raises(ValueError, match=message):
        check_blocks(Recipe(**{**SMALL, "model": text}))
