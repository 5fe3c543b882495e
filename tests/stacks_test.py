"""What one version of TensorFlow writes, every other one reads: corpora, checkpoints and embedders.

`tests/data/stacks` has a folder for each version, written by `tests/write_stack_files.py`.
"""

import pathlib
import shutil

import numpy as np
import pytest

import byola_keras
from tests.workdirs import losses
from tests.write_stack_files import MORE_STEPS, RUN, train_on, waveform

FOLDERS = sorted((pathlib.Path(__file__).parent / "data" / "stacks").iterdir())


def test_both_stacks_have_files():
    assert [folder.name for folder in FOLDERS] == ["tensorflow_2.17", "tensorflow_2.21"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_run_on_a_corpus_goes_on(folder, tmp_path):
    copy = pathlib.Path(shutil.copytree(folder, tmp_path / "copy"))
    before = losses(copy / RUN)
    train_on(copy, copy / RUN, MORE_STEPS)
    after = losses(copy / RUN)
    assert after[: len(before)] == before
    # The other stack's rounding; a step with other weights or other sound differs in the first digits.
    np.testing.assert_allclose(np.array(after, float), np.load(folder / "losses.npy"), rtol=1e-4)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_embedder_answers_the_same(folder):
    scene = byola_keras.load(str(folder / RUN))(waveform())["scene"][0]
    np.testing.assert_allclose(scene, np.load(folder / "scene.npy"), rtol=1e-4, atol=1e-4)
