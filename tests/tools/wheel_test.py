"""What pip installs: the wheel in an environment of its own, without the checkout."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import numpy as np
import pytest

from byola_keras.commands.main import COMMANDS
from tests.sounds import write_sounds

ROOT = pathlib.Path(__file__).parents[2]
BUILT_FROM = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def check(*arguments, **options):
    result = subprocess.run(
        [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=240,
        **options,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools works inside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(
        ROOT / "byola_keras", folder / "source/byola_keras", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder / "source" / name)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    check(sys.executable, "-m", "pip", "wheel", *offline, f"--wheel-dir={folder}", folder / "source")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder `bin` of an environment with the wheel and, by a .pth file, what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    check(
        *[sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-index"],
        *["--disable-pip-version-check", wheel],
    )
    packages = check(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # A folder that is added so comes after the environment's own, and its .pth files, of which an editable
    # installation of this checkout consists, are not read.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    pathlib.Path(packages, "dependencies.pth").write_text("\n".join(dependencies))
    return folder / "bin"


def test_wheel_holds_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as file:
        held = {name for name in file.namelist() if name.startswith("byola_keras/")}
        entry_points = file.read(next(name for name in file.namelist() if name.endswith("entry_points.txt")))
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "byola_keras").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there
    assert b"byola = byola_keras.commands.main:main" in entry_points


def test_training_embedding_and_export_by_the_console_script(installed, tmp_path):
    sounds = write_sounds(tmp_path / "sounds", count=8)
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    options = {"cwd": empty, "env": {**environment, "TF_CPP_MIN_LOG_LEVEL": "2"}}

    where = "import importlib.util as u; print(u.find_spec('byola_keras').origin)"
    origin = pathlib.Path(check(installed / "python", "-c", where, **options).strip())
    assert installed.parent in origin.parents and ROOT not in origin.parents

    byola = installed / "byola"
    assert all(f"\n  {name} " in check(byola, "--help", **options) for name in COMMANDS)
    # Its workers are new interpreters, which begin with the console script.
    assert "2 to 5 s" in check(byola, "check", f"--audio_dir={sounds}", "--workers=1", **options)
    tiny = ["--channels=4", "--mlp_units=16,16", "--projection_units=32,8", "--memory_size=16"]
    sizes = ["--steps=3", "--global_batch_size=4", "--norm_crops=8"]
    output = check(byola, "pretrain", f"--audio_dir={sounds}", "--workdir=run", *tiny, *sizes, **options)
    assert "factory" not in output, output
    check(byola, "embed", "--model=run", f"--input={sounds}", "--output_dir=embeddings", **options)
    embeddings = sorted((empty / "embeddings").glob("*.npz"))
    assert len(embeddings) == 8 and np.load(embeddings[0])["scene"].shape == (64 + 16,)
    output = check(
        byola, "export", "--model=run", "--output_dir=exported", "--formats=saved_model", **options
    )
    assert (empty / "exported/saved_model/byola/1/saved_model.pb").exists()
    assert (empty / "exported/verify.json").exists() and "verify.json has all figures" in output
