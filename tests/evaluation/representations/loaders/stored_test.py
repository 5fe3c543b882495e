"""Embeddings that somebody has computed, for the clips of a task."""

import os
import shutil

import numpy as np
import pytest
import soundfile

from byola_keras.embedding.embed_files import embed_files
from byola_keras.embedding.request import Request
from byola_keras.embedding.sound_files import find_sound_files
from byola_keras.evaluation.embeddings import embed_task
from byola_keras.evaluation.representations.registry import load_representation
from byola_keras.evaluation.representations.representation import RepresentationError
from byola_keras.evaluation.task import Clip, Task
from tests.factories import noise, tiny_embedder


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """The files 1.wav and 2.wav in two folders."""
    folder = tmp_path_factory.mktemp("sounds")
    paths = []
    for number in range(4):
        path = folder / f"fold{number // 2}" / f"{number % 2}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, noise(1, 4000 + number, seed=number)[0], 16000)
        paths.append(str(path))
    return folder, paths


def task_of(paths):
    clips = tuple(Clip(path, (str(number),), "train") for number, path in enumerate(paths))
    return Task("stored", "Stored", clips, 0.25)


def test_what_the_command_embed_writes(sounds, tmp_path):
    folder, paths = sounds
    embedder = tiny_embedder()
    embedder.save(tmp_path / "embedder.keras")
    out = tmp_path / "out"
    request = Request(str(tmp_path / "embedder.keras"), str(out), chunk_seconds=1.0)
    embed_files(request, find_sound_files([str(folder)]))
    found = load_representation(f"npz:{out}")
    embeddings = embed_task(task_of(paths), found, str(tmp_path / "cache"))
    for path, embedding in zip(paths, embeddings, strict=True):
        sound = soundfile.read(path, dtype="float32")[0]
        np.testing.assert_allclose(embedding, embedder.embed(sound)["scene"], atol=1e-4)
    # Embeddings of other sound under the same name.
    swapped = shutil.copytree(out, tmp_path / "swapped")
    os.replace(swapped / "fold0" / "0.wav.npz", swapped / "fold1" / "1.wav.npz")
    model = load_representation(f"npz:{swapped}")
    with pytest.raises(RepresentationError, match="1.wav.npz must hold the embedding of.*one of other sound"):
        model.of_clip(Clip(paths[3], ("x",), "train"))
    with pytest.raises(
        RepresentationError, match="model swapped cannot be used.*must hold an embedding of each"
    ):
        model.of_clip(Clip(paths[0], ("x",), "train"))
    with pytest.raises(RepresentationError, match="sound cannot be embedded"):
        model.embed(noise(1, 100))


def test_plain_arrays(sounds, tmp_path):
    """Files by name or stem, with or without folders; frames are pooled."""
    _, paths = sounds
    (tmp_path / "fold1").mkdir()
    frames = noise(7, 5)
    np.save(tmp_path / "fold1" / "0.npy", frames)
    np.savez(tmp_path / "0.wav.npz", frames[0])
    np.savez(tmp_path / "1.npz", frames=frames, times=np.arange(7))
    found = load_representation(f"npz:{tmp_path},pooling=mean,name=theirs")
    clips = [Clip(path, ("x",), "train") for path in paths]
    assert found.name == "theirs"
    np.testing.assert_array_equal(found.of_clip(clips[0]), frames[0])
    for clip in clips[1:3]:
        np.testing.assert_allclose(found.of_clip(clip), frames.mean(axis=0), atol=1e-6)
    with pytest.raises(
        RepresentationError, match=r"of one clip. Received: 1.npz for .*fold0/1.wav and .*fold1/1"
    ):
        found.of_clip(clips[3])
    with pytest.raises(RepresentationError, match="a piece of"):
        found.of_clip(clips[0]._replace(end=0.1))
    before = found.identity
    np.save(tmp_path / "fold1" / "1.npy", np.zeros(4))
    changed = load_representation(f"npz:{tmp_path}")
    assert changed.identity != before
    changed.of_clip(clips[0])
    with pytest.raises(RepresentationError, match="as many features, 5 at first"):
        changed.of_clip(clips[3])


def test_what_is_no_embedding(sounds, tmp_path):
    _, paths = sounds
    clip = Clip(paths[0], ("x",), "train")
    with pytest.raises(FileNotFoundError, match="`npz` must be a folder of .npz"):
        load_representation(f"npz:{tmp_path}")
    for array, words in (
        (np.full(3, np.nan), "finite"),
        (np.zeros((2, 2, 2)), r"\[batch, D\]"),
        ("text", "convert"),
    ):
        np.save(tmp_path / "0.npy", array)
        with pytest.raises(RepresentationError, match=words):
            load_representation(f"npz:{tmp_path}").of_clip(clip)
    (tmp_path / "0.npy").write_bytes(b"no array")
    with pytest.raises(RepresentationError, match="0.npy must hold the embedding"):
        load_representation(f"npz:{tmp_path}").of_clip(clip)
    os.remove(tmp_path / "0.npy")
    np.savez(tmp_path / "0.npz", one=np.zeros(3), two=np.zeros(3))
    with pytest.raises(RepresentationError, match="none of which is called scene: one, two"):
        load_representation(f"npz:{tmp_path}").of_clip(clip)
