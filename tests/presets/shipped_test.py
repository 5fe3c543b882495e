"""The presets of the package: whole, small, described, and with the embeddings that training left them."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import byola_keras
from byola_keras.models.preset import SHIPPED_FOLDER, shipped_names
from tests.factories import noise, tone

FREE_SOUNDS = pathlib.Path(SHIPPED_FOLDER, "free_sounds")
# What the embedder that training left gives of two clips, see tests/data/README.md.
GOLDEN = pathlib.Path(__file__).parents[1] / "data" / "free_sounds.npz"


@pytest.fixture(scope="module")
def card():
    return json.loads((FREE_SOUNDS / "model_card.json").read_text())["card"]


def clips():
    return np.concatenate([tone(1.0, 440), noise(1, 16000, seed=5)])


def test_it_answers_as_it_did_after_training():
    """Kernels of dense layers are in float16, which makes 9e-5 on other encoders."""
    found, expected = byola_keras.load("free_sounds").embed(clips()), np.load(GOLDEN)
    for kind, values in (("scene", found["scene"]), ("frames", found["frames"][:, ::8])):
        error = np.abs(np.asarray(values) - expected[kind]).max()
        assert error <= 5e-4 * np.abs(expected[kind]).max(), kind


def test_any_process_finds_it_without_a_network_or_a_folder_of_presets(tmp_path):
    script = (
        "import socket; socket.socket.connect = None\n"
        "import byola_keras\n"
        "print(byola_keras.load('free_sounds').embedding_size)"
    )
    environment = {**os.environ, "BYOLA_KERAS_PRESETS": str(tmp_path / "none")}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "3072\n", result.stderr


@pytest.mark.parametrize("name", shipped_names())
def test_it_is_small_and_whole(name):
    folder = pathlib.Path(SHIPPED_FOLDER, name)
    assert (folder / "model.weights.h5").stat().st_size <= 13e6
    assert byola_keras.load(folder).card["name"] == name
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert {line.split("  ")[1] for line in lines} == {"config.json", "model.weights.h5"}
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "model.weights.h5", "SHA256SUMS"),
        *("README.md", "model_card.json", "metadata.json"),
    }


def test_its_card_names_scores_sound_and_licences(card):
    assert card["licence"] == "apache-2.0" and card["commit"]
    scores = {row["task"]: row for row in card["scores"]}
    assert {"average", "notes: pitch", "drums: drum"} < set(scores)
    assert {"free_sounds", "untrained encoder", "log-mel mean and deviation"} <= set(scores["average"])
    assert len(card["sound_by_package"]) > 50
    assert all(row["version"] and row["licences"] for row in card["sound_by_package"])
    text = (FREE_SOUNDS / "README.md").read_text(encoding="utf-8")
    # What it is worth comes first.
    assert text.index(card["summary"]) < text.index("## ") and "Not good for" in text
