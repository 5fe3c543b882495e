import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.reference import DATA_DIR

# Where PyTorch is installed, it writes the files anew, in a process of its own.
_WRITERS = ["stored", "fresh"] if importlib.util.find_spec("torch") else ["stored"]


@pytest.fixture(scope="session", params=_WRITERS)
def torch_files(request, tmp_path_factory):
    """Folder of the checkpoints of `write_torch_files`, and what PyTorch computes with them."""
    folder = DATA_DIR
    if request.param == "fresh":
        folder = tmp_path_factory.mktemp("torch")
        command = [sys.executable, "-m", "tests.torch_files.write_torch_files", str(folder)]
        subprocess.run(command, check=True, cwd=pathlib.Path(__file__).parents[2])
    with np.load(folder / "torch_expected.npz") as file:
        return folder, {name: file[name] for name in file.files}
