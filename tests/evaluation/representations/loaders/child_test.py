"""HEAR modules and Python functions in processes of their own."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.evaluation.representations.representation import RepresentationError
from tests.evaluation.representations.loaders import child_modules
from tests.factories import noise, tiny_embedder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the module `plain`, which is the current directory."""
    child_modules.write(tmp_path, "plain", child_modules.PLAIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load():
    """`load_representation`, whose models are closed at the end."""
    loaded = []

    def load_one(text):
        loaded.append(load_representation(text))
        return loaded[-1]

    yield load_one
    for representation in loaded:
        representation.close()


def tens(sound):
    return sound[:, : sound.shape[1] // 10 * 10].reshape(len(sound), -1, 10)


def is_running(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_end(processes):
    deadline = time.monotonic() + 20
    while any(is_running(process) for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_hear_module_without_a_framework(folder, load):
    sound, frames = noise(3, 500), tens(noise(3, 500))
    scenes = load("hear:plain")
    assert (scenes.name, scenes.sample_rate, scenes.pooling) == ("plain", 22050, "none")
    np.testing.assert_allclose(scenes.embed(sound), frames.mean(axis=1), atol=1e-6)
    weighted = load("hear:plain:gain.txt,output=timestamp")
    expected = 2.5 * (frames.mean(axis=1) + frames.max(axis=1))
    np.testing.assert_allclose(weighted.embed(sound), expected, atol=1e-5)
    assert weighted.frame_seconds == pytest.approx(10 / 22050) and weighted.name == "plain_gain"
    # The content of the weights counts, not their place alone.
    (folder / "gain.txt").write_text("3")
    assert load("hear:plain:gain.txt,output=timestamp").identity != weighted.identity != scenes.identity


def test_own_hear_module_is_tensorflow_in_a_child(tmp_path, load):
    embedder = tiny_embedder()
    embedder.save(tmp_path / "embedder.keras")
    found = load(f"hear:byola_keras.hear:{tmp_path}/embedder.keras")
    sound = noise(2, 6000)
    np.testing.assert_allclose(found.embed(sound), embedder.embed(sound)["scene"], atol=1e-5)
    found = load(f"hear:byola_keras.hear:{tmp_path}/embedder.keras,output=timestamp")
    assert (found.first_frame_seconds, found.frame_seconds) == (0.015, 0.04)


def test_hear_module_of_pytorch(tmp_path, monkeypatch, load):
    pytest.importorskip("torch")
    child_modules.write(tmp_path, "of_torch", child_modules.TORCH)
    monkeypatch.chdir(tmp_path)
    sound = noise(2, 50)
    # Without dropout: the model is in evaluation mode.
    np.testing.assert_allclose(load("hear:of_torch").embed(sound), 2 * sound[:, :5], atol=1e-6)


def test_python_function(folder, load):
    sound = noise(3, 500)
    found = load("python:plain:frames")
    assert (found.sample_rate, found.pooling, found.name) == (8000, "mean", "plain.frames")
    np.testing.assert_allclose(found.embed(sound), 8000 * tens(sound).mean(axis=1), rtol=1e-4, atol=1e-3)
    # What the command says comes before what the function says.
    other = load("python:plain:frames,sample_rate=1000,pooling=max,window_seconds=0.5,name=mine")
    np.testing.assert_allclose(other.embed(sound), 1000 * tens(sound).max(axis=1), rtol=1e-4, atol=1e-3)
    assert other.name == "mine" and load("python:plain:clip").embed(sound).tolist() == [[16000, 500]] * 3
    identities = {found.identity, other.identity, load("python:plain:clip").identity}
    (folder / "gain.txt").write_text("3")
    identities.add(load("python:plain:frames").identity)
    with open(folder / "plain.py", "a", encoding="utf-8") as file:
        file.write("# Other code.\n")
    identities.add(load("python:plain:frames").identity)
    assert len(identities) == 5


def test_errors_of_the_code(folder, load):
    with pytest.raises(
        RepresentationError, match="hear:nothing cannot be used.*ModuleNotFoundError.*python="
    ):
        load("hear:nothing")
    with pytest.raises(
        RepresentationError, match="python:plain:none cannot be used.*has no attribute 'none'"
    ):
        load("python:plain:none")
    with pytest.raises(RepresentationError, match="clips of one length gave outputs of the shapes .1., .2."):
        load("python:plain:uneven").embed(noise(2, 50))
    with pytest.raises(FileNotFoundError, match="`python` must be a Python interpreter.*/nowhere"):
        load("python:plain:clip,python=/nowhere")
    with pytest.raises(ValueError, match="MODULE:FUNCTION. Received: 'plain'"):
        load("python:plain")
    with pytest.raises(ValueError, match="`output` one of"):
        load("hear:plain,output=frames")


def test_death_is_one_error_and_the_next_call_starts_anew(folder, load):
    found = load("python:plain:dies_once")
    sound = noise(1, 50)
    with pytest.raises(RepresentationError, match="ended with signal SIGKILL, and printed last: a last word"):
        found.embed(sound)
    np.testing.assert_array_equal(found.embed(sound), sound[:, :3])


def test_close_ends_all_processes(folder, load):
    found = load("python:plain:clip")
    process = found._child._process.pid
    assert is_running(process)
    found.close()
    found.close()
    assert not is_running(process)


def test_child_and_grandchild_end_with_a_killed_parent(folder):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from byola_keras.evaluation.representations.loaders.child import Child; import numpy as np; "
            "child = Child('python', ['plain', 'sleeps', None, 16000]); child.start(); "
            "child.call(np.zeros((1, 10), 'float32'))",
        ]
    )
    try:
        written = folder / "processes"
        while not written.exists() or " " not in written.read_text():
            assert parent.poll() is None
            time.sleep(0.02)
        processes = written.read_text().split()
        assert all(is_running(process) for process in processes)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    wait_for_end(processes)
