"""Presets on hubs: their own clients against hubs on loopback."""

import errno
import os
import sys

import numpy as np
import pytest

import byola_keras
from byola_keras.models import hubs
from byola_keras.models.preset import find_model
from tests.factories import noise, tiny_embedder
from tests.models.fake_hubs import KAGGLE_TEST_PORT, HuggingFace, Kaggle

_HUGGING_FACE_MODULES = ("huggingface_hub",)


def assert_same(one, other):
    np.testing.assert_array_equal(one(noise(2, 3000))["scene"], other(noise(2, 3000))["scene"])


@pytest.fixture
def hugging_face(tmp_path, monkeypatch):
    """The client reads its environment when it is imported, so it is imported anew."""
    pytest.importorskip("huggingface_hub", reason="the client is the extra [hf]")
    with HuggingFace() as hub:
        settings = {
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "cache"),
            "HF_TOKEN": "hf_of_the_test",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        _forget_client()
        yield hub
    _forget_client()


def _forget_client():
    for name in [name for name in sys.modules if name.split(".")[0] in _HUGGING_FACE_MODULES]:
        del sys.modules[name]


@pytest.fixture
def kaggle(tmp_path, monkeypatch):
    pytest.importorskip("kagglehub", reason="the client is the extra [kaggle]")
    settings = {
        "KAGGLE_API_ENVIRONMENT": "TEST",
        "KAGGLEHUB_CACHE": str(tmp_path / "cache"),
        "KAGGLE_CONFIG_DIR": str(tmp_path),
        "HOME": str(tmp_path),
        "NO_PROXY": "localhost",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    try:
        with Kaggle() as hub:
            yield hub
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        pytest.skip(f"port {KAGGLE_TEST_PORT}, the only one that kagglehub asks under test, is taken")


def files_of(folder):
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


def test_upload_load_pinned_revision_and_cache(hugging_face, tmp_path):
    first, second = tiny_embedder(seed=1), tiny_embedder(seed=2)
    assert first.save_to_preset("hf://user/birds") == "hf://user/birds"
    (commit,) = hugging_face.repositories["user/birds"]
    assert set(commit[1]) == {
        "config.json",
        "metadata.json",
        "model.weights.h5",
        "model_card.json",
        "README.md",
        "SHA256SUMS",
    }
    assert_same(byola_keras.load("hf://user/birds"), first)

    with pytest.raises(FileExistsError, match="to a repository without one, .*overwrite=False"):
        second.save_to_preset("hf://user/birds")
    second.save_to_preset("hf://user/birds", overwrite=True)
    assert len(hugging_face.repositories["user/birds"]) == 2
    assert_same(byola_keras.load("hf://user/birds"), second)
    assert_same(byola_keras.load(f"hf://user/birds@{commit[0]}"), first)

    # A commit never changes: what the cache has of it is taken without a question.
    del hugging_face.requests[:]
    assert_same(byola_keras.load(f"hf://user/birds@{commit[0]}"), first)
    assert hugging_face.requests == []
    hugging_face.stop()
    assert_same(byola_keras.load("hf://user/birds"), second)
    with pytest.raises(
        FileNotFoundError, match="in the cache of its client. Received: path='hf://user/other'"
    ):
        byola_keras.load("hf://user/other")


def test_what_the_hub_has_not(hugging_face, monkeypatch):
    with pytest.raises(FileNotFoundError, match="Received: path='hf://user/gone': RepositoryNotFoundError"):
        byola_keras.load("hf://user/gone")
    hugging_face.repositories["user/other"] = []
    hugging_face.commit("user/other", {"README.md": b"no preset"})
    with pytest.raises(FileNotFoundError, match="Received: path='hf://user/other@v2': RevisionNotFoundError"):
        byola_keras.load("hf://user/other@v2")
    with pytest.raises(
        FileNotFoundError, match="an address on a hub .*Received: path='hf://user/other'; train"
    ):
        byola_keras.load("hf://user/other")
    monkeypatch.setenv("HF_TOKEN", "hf_of_another")
    with pytest.raises(OSError, match="must let this user write to the repository.*'hf://user/mine': "):
        tiny_embedder().save_to_preset("hf://user/mine")


def test_damage_on_the_way(hugging_face):
    tiny_embedder().save_to_preset("hf://user/birds")
    hugging_face.commit("user/birds", {"config.json": b"{}"})
    with pytest.raises(ValueError, match="config.json' with the SHA-256 .*download it again"):
        byola_keras.load("hf://user/birds")


def test_kaggle(kaggle, tmp_path):
    first, second = tiny_embedder(seed=1), tiny_embedder(seed=2)
    first.save_to_preset(tmp_path / "first")
    second.save_to_preset(tmp_path / "second")
    kaggle.models["user/birds/small"] = [files_of(tmp_path / "first"), files_of(tmp_path / "second")]
    assert_same(byola_keras.load("kaggle://user/birds/keras/small"), second)
    assert_same(byola_keras.load("kaggle://user/birds/keras/small/1"), first)
    del kaggle.requests[:]
    assert_same(byola_keras.load("kaggle://user/birds/keras/small/1"), first)
    assert kaggle.requests == []
    with pytest.raises(
        FileNotFoundError, match="Received: path='kaggle://user/gone/keras/small': KaggleApiHTTPError"
    ):
        byola_keras.load("kaggle://user/gone/keras/small")


@pytest.mark.parametrize(
    "address",
    [
        "hf://name",
        "hf://user/name/more",
        "hf://user/name@",
        "hf://",
        "kaggle://user/birds",
        "kaggle://a/b/c/d/e",
    ],
)
def test_wrong_addresses(address):
    with pytest.raises(ValueError, match=r"must have the form hf://USER/NAME\[@REVISION\] or .*Received: '"):
        byola_keras.load(address)


def test_kaggle_takes_no_uploads():
    with pytest.raises(ValueError, match="uploaded to hf:// only.*kagglehub.model_upload"):
        tiny_embedder().save_to_preset("kaggle://user/birds/keras/small")


@pytest.mark.parametrize(
    ("address", "package", "extra"),
    [("hf://user/name", "huggingface_hub", "hf"), ("kaggle://user/a/keras/b", "kagglehub", "kaggle")],
)
def test_missing_client(monkeypatch, address, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    message = rf"The package {package} must be installed.* pip install 'byola-keras\[{extra}\]'"
    with pytest.raises(ImportError, match=message):
        byola_keras.load(address)


def test_all_that_takes_a_model_takes_an_address(monkeypatch, tmp_path):
    """What is fetched is a folder as any other: one function finds models for all."""
    folder = tiny_embedder().save_to_preset(tmp_path / "birds")
    monkeypatch.setattr(hubs, "download", lambda address: folder)
    assert find_model("hf://user/birds") == folder
