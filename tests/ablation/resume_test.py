"""Rows whose state is another than that of the base recipe go on exactly where they were stopped."""

import pytest
import tensorflow as tf

from byola_keras.ablation.tables import TABLES
from byola_keras.models.norm_stats import NormStats
from byola_keras.training import blocks
from byola_keras.training.build_model import build_model
from byola_keras.training.checkpoints import Checkpoints
from byola_keras.training.recipe import Recipe
from tests.factories import noise

SAMPLES = 6_000  # 38 frames: one frame feature of the widest ResNet


def tiny_recipe(table, name):
    """What a row changes in the recipe, with few channels."""
    flags = dict(TABLES[table].row(name).flags)
    kind, parameters = blocks.parse(flags.pop("encoder", "Encoder"))
    parameters |= {"channels": 4, **({"mlp_units": (16, 16)} if kind == "Encoder" else {})}
    said = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    convert = {
        "augmentation": blocks.split_blocks,
        "target_decay": float,
        "use_predictor": lambda text: text == "true",
    }
    changed = {flag: convert[flag](text) for flag, text in flags.items()}
    return Recipe(encoder=f"{kind}({said})", projection_units=(16, 8), learning_rate=1e-2, **changed)


# Other encoders, a block with draws of its own, a target that is the online network, and no predictor.
@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("VI", "b"),
        ("VII", "conv_3"),
        ("VII", "resnet_18"),
        ("IX", "5"),
        ("XI", "tau_0.0"),
        ("XII", "no_predictor"),
    ],
)
def test_stopped_and_started_again(table, name, tmp_path):
    waveforms = tf.constant(noise(4, SAMPLES))

    def start():
        model = build_model(NormStats(-8.0, 4.0, 0), SAMPLES, tiny_recipe(table, name))
        return model, Checkpoints(str(tmp_path), model, keep=1)

    def step(model):
        return float(model.train_step(waveforms)["loss"])

    model, checkpoints = start()
    step(model)
    checkpoints.save(1)
    expected = [step(model), step(model)]
    fresh, restored = start()
    # Whatever is not restored shows.
    for weight in fresh.weights:
        weight.assign(weight + 1)
    assert restored.restore() == 1
    assert [step(fresh), step(fresh)] == expected
    assert expected[0] != expected[1]
