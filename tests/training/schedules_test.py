"""What a recipe may have beside the paper's, all at once: runs with it go on exactly, on replicas too."""

import csv
import json
import math
import types

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.models.norm_stats import NormStats
from byola_keras.training import run, schedules
from byola_keras.training.build_model import build_model, check_blocks
from byola_keras.training.recipe import Recipe
from tests.sounds import write_sounds
from tests.workdirs import TINY_RUN, copy_as_killed_after, losses, train

SMALL = {name: TINY_RUN[name] for name in ("encoder", "projection_units", "augmentation")}
# All that the paper's recipe is without.
KNOBS = {
    "encoder": "Encoder(channels=4, mlp_units=(16, 16), dropout=0.0)",
    "learning_rate": 1e-3,
    "learning_rate_schedule": "cosine",
    "final_learning_rate_share": 0.1,
    "warmup_steps": 2,
    "target_decay_schedule": "cosine",
    "target_decay_start": 0.5,
    "target_decay_warmup_steps": 3,
    "weight_decay": 0.1,
    "projection_hidden_layers": (3, 2),
    "augmentation": (
        "LogMixupExp(memory_size=16)",
        "RandomResizeCrop(freq_scale=(0.8, 1.2))",
        *Recipe.augmentation[2:],
    ),
    "crop_seconds": 0.6,
    "views": "two_crops",
    "balance": 0.5,
    "checkpoint_every": "3",
}
STEPS = 6


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    write_sounds(folder / "many", count=20)
    write_sounds(folder / "few", count=4, seed=1)
    return str(folder)


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    """A run with all knobs that was left alone."""
    workdir = tmp_path_factory.mktemp("runs") / "whole"
    train(workdir, sounds, steps=STEPS, **KNOBS)
    return workdir


def columns(workdir, *names):
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        return [[float(row[name]) for name in names] for row in csv.DictReader(file)]


def expected_rows(steps):
    """(learning rate, tau) of each step, written out."""
    rows = []
    for step in range(1, steps + 1):
        done = min(max(step - 1 - 2, 0) / (STEPS - 2), 1.0)
        falling = 1e-4 + 9e-4 * (1 + math.cos(math.pi * done)) / 2
        rate = 1e-3 * (step - 1) / 2 if step <= 2 else falling
        done = min(max(step - 3, 0) / (STEPS - 3), 1.0)
        tau = 0.5 + 0.49 * step / 3 if step < 3 else 1 - 0.01 * (1 + math.cos(math.pi * done)) / 2
        rows.append([rate, tau])
    return rows


def test_every_step_has_its_values_in_metrics(whole):
    np.testing.assert_allclose(
        columns(whole, "learning_rate", "target_decay"), expected_rows(STEPS), rtol=1e-9, atol=1e-15
    )
    assert json.loads((whole / "configuration.json").read_text())["schedule_steps"] == STEPS


def test_goes_on_exactly_and_further_without_bending_what_was(whole, sounds, tmp_path):
    """From the kill on three steps are executed at once by other workers, and two more than planned."""
    copy_as_killed_after(whole, 3, tmp_path / "two")
    train(tmp_path / "two", sounds, **KNOBS, steps=STEPS + 2, steps_per_execution=3, workers=3)
    assert losses(tmp_path / "two")[:STEPS] == losses(whole)
    found = columns(tmp_path / "two", "learning_rate", "target_decay")
    np.testing.assert_allclose(found, expected_rows(STEPS + 2), rtol=1e-9, atol=1e-15)
    assert found[-1] == [1e-4, 1.0]
    with pytest.raises(ValueError, match="Received: balance=0.0, schedule_steps=8; .* schedule_steps=6"):
        train(tmp_path / "two", sounds, **{**KNOBS, "balance": 0.0}, steps=STEPS + 2, schedule_steps=8)


def test_two_replicas_equal_one(whole, sounds, tmp_path):
    train(tmp_path, sounds, **KNOBS, steps=3, schedule_steps=STEPS, num_devices=2)
    names = ("learning_rate", "target_decay")
    assert columns(tmp_path, *names) == columns(whole, *names)[:3]
    np.testing.assert_allclose(columns(tmp_path, "loss"), columns(whole, "loss")[:3], rtol=1e-4)


def test_weight_decay_shrinks_kernels_alone():
    model = build_model(NormStats(-8.0, 4.0, 0), 4000, Recipe(**SMALL, learning_rate=0.5, weight_decay=0.1))
    before = [variable.numpy() for variable in model.trainable_variables]
    # Without a gradient Adam alone would change nothing.
    model.optimizer.apply_gradients(
        [(tf.zeros(variable.shape), variable) for variable in model.trainable_variables]
    )
    shrunk = 0
    for variable, old in zip(model.trainable_variables, before, strict=True):
        is_kernel = variable.path.endswith("kernel")
        shrunk += is_kernel
        np.testing.assert_allclose(
            variable, old * 0.95 if is_kernel else old, rtol=1e-6, err_msg=variable.path
        )
    assert 0 < shrunk < len(before)


def test_defaults_are_plain_numbers():
    recipe = Recipe()
    assert schedules.make_learning_rate(recipe) == 1e-4 and schedules.make_target_decay(recipe) == 0.99
    model = build_model(NormStats(-8.0, 4.0, 0), 4000, Recipe(**SMALL))
    assert model.optimizer.weight_decay is None


def test_last_step_of_the_cosines(tmp_path):
    cosine = Recipe(learning_rate_schedule="cosine")
    assert schedules.resolved_steps(Recipe(), str(tmp_path), 7) is None
    assert schedules.resolved_steps(cosine, str(tmp_path), 7) == 7
    assert (
        schedules.resolved_steps(Recipe(target_decay_schedule="cosine", schedule_steps=9), str(tmp_path), 7)
        == 9
    )
    # A start without a step has left its configuration, and binds nobody.
    (tmp_path / "configuration.json").write_text('{"schedule_steps": 5}')
    assert schedules.resolved_steps(cosine, str(tmp_path), 7) == 7
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "checkpoint").touch()
    assert schedules.resolved_steps(cosine, str(tmp_path), 7) == 5


def test_workers_take_the_steps_of_the_chief(tmp_path):
    """Only the chief sees the folder of the run, which knows the steps that it was started with."""
    (tmp_path / "configuration.json").write_text('{"schedule_steps": 5}')
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "checkpoint").touch()
    recipe, told = Recipe(learning_rate_schedule="cosine", global_batch_size=4, epochs=2), []
    stream = types.SimpleNamespace(crops_per_epoch=14)
    chief = types.SimpleNamespace(is_chief=True, tell=lambda **message: told.append(message))
    worker = types.SimpleNamespace(is_chief=False, hear=told.pop)
    of_chief = run._planned(recipe, stream, str(tmp_path), chief)
    assert of_chief == run._planned(recipe, stream, str(tmp_path / "elsewhere"), worker)
    assert of_chief[0].schedule_steps == 5 and of_chief[1].total_steps == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target_decay_start": 0.5}, "must be given together.*target_decay_warmup_steps=0"),
        ({"target_decay_warmup_steps": 5}, "must be given together.*target_decay_start=None"),
        (
            {"learning_rate_schedule": "cosine", "warmup_steps": 7},
            "`warmup_steps` must be less than .*warmup_steps=7, schedule_steps=7",
        ),
        (
            {"target_decay_schedule": "cosine", "target_decay_start": 0.1, "target_decay_warmup_steps": 8},
            "`target_decay_warmup_steps` must be less than .*=8, schedule_steps=7",
        ),
    ],
)
def test_schedules_that_do_not_fit_together(tmp_path, given, message):
    recipe = Recipe(**given)
    with pytest.raises(ValueError, match=message):
        check_blocks(recipe)
        schedules.resolved_steps(recipe, str(tmp_path), 7)


def test_a_cosine_outside_of_a_run_needs_its_steps():
    with pytest.raises(ValueError, match="`schedule_steps` must be given.*Received: schedule_steps=None"):
        build_model(NormStats(-8.0, 4.0, 0), 4000, Recipe(**SMALL, target_decay_schedule="cosine"))
