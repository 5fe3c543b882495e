"""The notebooks of the site: each runs from its first cell to its last, and the site has its picture."""

import csv
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
    """What the notebooks leave, one after the other in one folder."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name in NAMES:
        result = subprocess.run(
            [sys.executable, NOTEBOOKS / f"{name}.py"],
            cwd=folder,
            env={**os.environ, "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{name}: {result.stderr[-3000:]}"
    return folder


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_makes_its_picture(name, folder):
    assert (folder / f"{name}.png").stat().st_size > 5_000


def test_classifier_knows_more_than_half_of_the_notes(folder):
    """By chance it would be a tenth; it was 68 % when this was written."""
    told = rows_of(folder / "families" / "predictions.csv")
    assert sum(row["true"] == row["predicted"] for row in told) > 0.5 * len(told)
    assert len(rows_of(folder / "heard" / "segments.csv")) > 3


def test_shipped_encoder_is_above_the_untrained_one(folder):
    """In families of instruments: 66 % against 55 % when this was written."""
    families = {
        row["model"]: float(row["mean_percent"])
        for row in rows_of(folder / "results" / "results.csv")
        if (row["source"], row["probe"], row["title"]) == ("measured", "linear", "notes: family")
    }
    assert families["free_sounds"] > families["random"] + 4
    assert families["random"] > families["logmel_stats"]


@pytest.mark.parametrize("name", NAMES)
def test_site_shows_it_with_its_picture(name):
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    kinds = {cell.cell_type for cell in notebook.cells}
    assert kinds == {"markdown", "code"} and notebook.cells[0].source.startswith("# ")
    shown = [cell for cell in notebook.cells if f"]({name}.png)" in cell.source]
    assert len(shown) == 1 and (NOTEBOOKS / f"{name}.png").exists()


def test_no_notebook_is_forgotten():
    assert {path.stem for path in NOTEBOOKS.glob("*.py")} == set(NAMES)
