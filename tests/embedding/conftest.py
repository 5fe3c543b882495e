"""Models and folders that the tests of many files share."""

import pytest

from tests.embedding.clip_folder import write_clips
from tests.factories import tiny_embedder


@pytest.fixture(scope="module")
def embedder():
    return tiny_embedder(seed=0)


@pytest.fixture(scope="module")
def model(embedder, tmp_path_factory):
    return embedder.save_to_preset(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    return tiny_embedder(seed=1).save_to_preset(tmp_path_factory.mktemp("model") / "other")


@pytest.fixture
def clips(tmp_path):
    return write_clips(tmp_path / "clips")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output"
