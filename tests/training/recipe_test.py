"""Sound, recipe and runtime: fields that know their rules."""

import dataclasses
import math

import pytest

from byola_keras.training.recipe import Recipe, Runtime, Sound


@pytest.mark.parametrize(
    ("settings", "given", "rule"),
    [
        (Recipe, {"seed": -1}, "`seed` must be at least 0. Received: seed=-1"),
        (Recipe, {"seed": 1.0}, "`seed` must be an integer"),
        (Recipe, {"seed": True}, "`seed` must be an integer"),
        (Recipe, {"seed": None}, "`seed` must be an integer"),
        (Recipe, {"target_decay": 1.5}, r"`target_decay` must be in \[0.0, 1.0\]"),
        (
            Recipe,
            {"learning_rate": math.nan},
            "`learning_rate` must be at least 0.0. Received: learning_rate=nan",
        ),
        (Recipe, {"learning_rate": "fast"}, "`learning_rate` must be a number"),
        (Recipe, {"precision": "float8"}, r"must be one of \('float32', .*Received: precision='float8'"),
        (Recipe, {"projection_units": (8,)}, "must be a sequence of 2"),
        (Recipe, {"projection_units": (8, 0)}, "each of its members at least 1"),
        (Recipe, {"augmentation": "RandomResizeCrop"}, "must be a sequence, each of its members a text"),
        (Recipe, {"use_predictor": 1}, "must be True or False"),
        (Runtime, {"xla": "on", "deterministic": True}, "`xla` must be 'auto' or 'off'.*Received: xla='on'"),
        (Recipe, {"steps": 0}, "`steps` must be at least 1"),
        (Sound, {"crop_seconds": 0.05}, r"must be in \[0.1, 60.0\]"),
        (Sound, {"audio_dir": "sounds"}, "`audio_dir` must be a sequence"),
        (Runtime, {"xla": "maybe"}, "`xla` must be one of"),
        (Runtime, {"max_minutes": -1.0}, "`max_minutes` must be at least 0.0"),
    ],
)
def test_values_outside_the_rules(settings, given, rule):
    with pytest.raises(ValueError, match=rule):
        settings(**given)


def test_lists_and_whole_numbers_are_taken_for_what_they_mean():
    recipe = Recipe(projection_units=[8, 4], learning_rate=1, steps=None)
    assert list(recipe.projection_units) == [8, 4] and recipe.learning_rate == 1


@pytest.mark.parametrize("settings", [Sound, Recipe, Runtime])
def test_settings_are_frozen_and_every_field_has_a_help_text(settings):
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().seed = 5
    for field in dataclasses.fields(settings):
        text = field.metadata["help"]
        assert text[0].isupper() or text.startswith("tau,")
        assert text.endswith((".", ")")) and len(text.split()) > 2


def test_defaults_are_those_of_the_paper():
    recipe = Recipe()
    assert (recipe.global_batch_size, recipe.epochs, recipe.learning_rate) == (256, 100, 1e-4)
    assert (recipe.target_decay, recipe.projection_units) == (0.99, (4096, 256))
