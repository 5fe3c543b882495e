"""The notebooks of the site: each runs from its first cell to its last, and the site has its picture."""

import os
import pathlib
import subprocess
import sys

import jupytext
import pytest

NOTEBOOKS = pathlib.Path(__file__).parents[1] / "docs" / "notebooks"
# In the order in which a reader meets them: the second renders the notes that the third one finds.
NAMES = ["first_embedding", "own_classifier", "compare_encoders"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_makes_its_picture(name, folder):
    result = subprocess.run(
        [sys.executable, NOTEBOOKS / f"{name}.py"],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert (folder / f"{name}.png").stat().st_size > 5_000


def test_classifier_hears_what_was_played(folder):
    """Of eight notes, most; with a classifier that had learned nothing it would be one."""
    lines = (folder / "families" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    told = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    assert sum(row["true"] == row["predicted"] for row in told) > 0.5 * len(told)
    segments = (folder / "heard" / "segments.csv").read_text(encoding="utf-8").splitlines()
    assert len(segments) > 4


@pytest.mark.parametrize("name", NAMES)
def test_site_shows_it_with_its_picture(name):
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    kinds = {cell.cell_type for cell in notebook.cells}
    assert kinds == {"markdown", "code"} and notebook.cells[0].source.startswith("# ")
    shown = [cell for cell in notebook.cells if f"]({name}.png)" in cell.source]
    assert len(shown) == 1 and (NOTEBOOKS / f"{name}.png").exists()


def test_no_notebook_is_forgotten():
    assert {path.stem for path in NOTEBOOKS.glob("*.py")} == set(NAMES)
