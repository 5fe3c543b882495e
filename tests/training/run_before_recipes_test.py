"""A run that an older version started, in tests/data/run_before_recipes, goes on and its embedder answers.

`write_sounds_of_the_run` makes its 8 files. Its configuration has flat keys for the parameters of blocks, its
list of files the former fingerprint, its checkpoint the weights by position.
"""

import csv
import pathlib
import shutil

import numpy as np
import pytest
import soundfile

import byola_keras
from tests.workdirs import losses, train

DATA = pathlib.Path(__file__).parents[1] / "data" / "run_before_recipes"
RUN = {
    "global_batch_size": 4,
    "crop_seconds": 0.3,
    "norm_crops": 16,
    "seed": 3,
    "encoder": "Encoder(channels=3, mlp_units=(8, 8))",
    "projection_units": (16, 8),
    "augmentation": (
        "LogMixupExp(memory_size=6)",
        "RandomResizeCrop",
        "RandomLinearFader",
        "BatchStandardization",
    ),
    "target_decay": 0.9,
}


def write_sounds_of_the_run(folder):
    for number in range(8):
        kind = folder / ("dogs" if number % 2 else "dolphins")
        kind.mkdir(parents=True, exist_ok=True)
        t = np.arange(8000) / 16000
        draws = np.random.default_rng(number)
        sound = 0.3 * np.sin(2 * np.pi * (200 + 100 * number) * t) * np.exp(-3 * t) + draws.normal(
            0, 0.01, len(t)
        )
        soundfile.write(kind / f"{number}.wav", sound, 16000)
    return folder


@pytest.fixture
def workdir(tmp_path):
    return pathlib.Path(shutil.copytree(DATA, tmp_path / "run"))


def expected_losses():
    with open(DATA / "metrics_of_six_steps.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_it_goes_on_as_if_nothing_had_happened(workdir, tmp_path):
    sounds = write_sounds_of_the_run(tmp_path / "sounds")
    before = losses(workdir)
    train(workdir, sounds, **RUN, steps=6)
    after = losses(workdir)
    assert after[:3] == before
    np.testing.assert_allclose([float(loss) for loss in after], expected_losses(), rtol=1e-4)
    assert byola_keras.load(str(workdir)).card["steps"] == 6
    # From now on with weights by name.
    train(workdir, sounds, **RUN, steps=7)
    assert len(losses(workdir)) == 7


def test_new_run_of_the_same_recipe_trains_the_same(tmp_path):
    """Initial weights, draws and order of the sound follow from the seed as they did."""
    sounds = write_sounds_of_the_run(tmp_path / "sounds")
    train(tmp_path / "run", sounds, **RUN, steps=6)
    np.testing.assert_allclose([float(x) for x in losses(tmp_path / "run")], expected_losses(), rtol=1e-4)


def test_its_embedder_answers_the_same():
    waveform = (np.sin(np.arange(4000) * 0.05) * 0.3).astype("float32")[None]
    scene = byola_keras.load(str(DATA))(waveform)["scene"][0]
    np.testing.assert_allclose(scene, np.load(DATA / "scene.npy"), rtol=1e-4, atol=1e-4)


def test_other_recipe_is_refused(workdir, tmp_path):
    sounds = write_sounds_of_the_run(tmp_path / "sounds")
    with pytest.raises(
        ValueError, match=r"Received: encoder=.Encoder\(conv_blocks=2, channels=64.*channels=3"
    ):
        train(workdir, sounds, **{**RUN, "encoder": "Encoder(mlp_units=(8, 8))"}, steps=6)
