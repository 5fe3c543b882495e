import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from byola_keras.torch_files.reader import read_torch_file
from tests.evaluation.representations.paper.patterns import openl3_mel_basis
from tests.reference import DATA_DIR
from tests.torch_files import torch_writers

# Where PyTorch is installed, it writes the files anew, in a process of its own.
_WRITERS = ["stored", "fresh"] if importlib.util.find_spec("torch") else ["stored"]
_ROOT = pathlib.Path(__file__).parents[4]


@pytest.fixture(scope="session", params=_WRITERS)
def published(request, tmp_path_factory):
    """Folder with the files of `write_torch_models`, and what PyTorch computes with them."""
    folder = DATA_DIR
    if request.param == "fresh":
        folder = tmp_path_factory.mktemp("published")
        module = "tests.evaluation.representations.paper.write_torch_models"
        subprocess.run([sys.executable, "-m", module, str(folder)], check=True, cwd=_ROOT)
    with np.load(folder / "paper_models.npz") as file:
        return folder, {name: file[name] for name in file.files}


@pytest.fixture(scope="session")
def frontends():
    """What the authors' packages compute of `patterns.sounds`."""
    with np.load(DATA_DIR / "paper_frontends.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="session")
def openl3_file(tmp_path_factory):
    """A small model as torchopenl3 keeps it, with the megabyte of its mel filters."""
    arrays = read_torch_file(DATA_DIR / "torch_openl3.pth")
    arrays = {name: array for name, array in arrays.items() if array.dtype == np.float32}
    arrays["speclayer.mel_basis"] = openl3_mel_basis()
    tensors, records = {}, {}
    for key, (name, array) in enumerate(arrays.items()):
        stride = tuple(step // array.itemsize for step in np.ascontiguousarray(array).strides)
        tensors[name] = torch_writers.tensor(str(key), array.size, array.shape, stride)
        records[str(key)] = np.ascontiguousarray(array).tobytes()
    return torch_writers.write_zip(tmp_path_factory.mktemp("openl3") / "openl3.pth", tensors, records)
