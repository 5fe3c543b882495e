"""The tutorial of docs/ablations.md: its classes and its flagfiles, as a user has them, at tiny sizes."""

import csv
import importlib
import pathlib
import re
import sys

import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.ablation.tables import TABLES, run_name
from byola_keras.commands import ablate_rows
from byola_keras.models import preset
from byola_keras.training.blocks import split_blocks
from tests import processes
from tests.evaluation.tones import write_task
from tests.factories import changing_noise, normalization
from tests.models.encoder_contract import run_encoder_test
from tests.sounds import write_sounds
from tests.workdirs import losses, train

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "ablations.md").read_text(encoding="utf-8")
ROWS = ("gain", "patches", "spread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what the page shows: my_parts.py and the flagfiles."""
    folder = tmp_path_factory.mktemp("tutorial")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "my_parts.py").write_text(code)
    for name, content in re.findall(r"cat > (\S+) <<END\n(.*?)END\n", PAGE, re.DOTALL):
        (folder / name).write_text(content.replace("units=1024", "units=16"))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def test_page_shows_all_rows(folder):
    assert {path.stem for path in folder.glob("*.flags")} == set(ROWS)
    own = f"--own_rows={','.join(f'{name}.flags' for name in ROWS)}"
    assert own in PAGE


def test_encoder_keeps_the_contract(folder, tmp_path):
    run_encoder_test(importlib.import_module("my_parts").PatchEncoder(units=8), tmp_path)


def train_row(workdir, sounds, folder, name, steps):
    flags = dict(ablate_rows.read_row(str(folder / f"{name}.flags")).flags)
    if "augmentation" in flags:
        flags["augmentation"] = split_blocks(flags["augmentation"])
    train(workdir, sounds, **{"steps": steps, **flags})
    return losses(workdir)


def test_rows_train_and_resume(folder, tmp_path):
    sounds = write_sounds(tmp_path / "sounds", 8)
    found = {name: train_row(tmp_path / name, sounds, folder, name, 2) for name in ROWS}
    train(tmp_path / "plain", sounds, steps=2)
    first = [losses(tmp_path / "plain")[0], *(of_row[0] for of_row in found.values())]
    assert len(set(first)) == 4
    # The block is the part that has draws to remember.
    whole = train_row(tmp_path / "whole", sounds, folder, "gain", 3)
    assert train_row(tmp_path / "gain", sounds, folder, "gain", 3) == whole


def test_encoder_embeds_in_chunks(folder, tmp_path):
    encoder = importlib.import_module("my_parts").PatchEncoder(units=8)
    embedder = byola_keras.Embedder(byola_keras.LogMelSpectrogram(), normalization(), encoder)
    embedder.build((None, None))
    waveform = changing_noise(48_000)
    soundfile.write(tmp_path / "long.wav", waveform, 16_000, subtype="FLOAT")
    expected = embedder.embed(waveform[None])["scene"][0]
    found = byola_keras.embed_file(embedder, str(tmp_path / "long.wav"), 1.7)["scene"]
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


def test_own_row_beside_the_papers(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BYOLA_KERAS_MODULES", "my_parts")
    sounds = write_sounds(tmp_path / "sounds", 8)
    (tmp_path / "task").mkdir()
    task = write_task(tmp_path / "task", 15)
    arguments = [
        "--table=VI",
        "--rows=patches",
        f"--own_rows={folder / 'patches.flags'}",
        f"--audio_dir={sounds}",
        f"--tasks=csv:{task}:pitch",
        "--steps=1",
        "--global_batch_size=4",
        f"--output_dir={tmp_path / 'out'}",
    ]
    (folder / "patches.flags").write_text(
        "--encoder=my_parts:PatchEncoder(units=16)\n--projection_units=16,8\n"
    )
    code, output = processes.run("ablate.py", *arguments, python_path=[folder])
    assert code == 0, output
    with open(tmp_path / "out" / "table_VI.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["row"] == "patches" and row["printed"] == "" and 0 < float(row["mean"]) <= 100
    assert "| patches | patches (own) |" in output


def test_names_of_a_page_and_of_the_package_agree():
    assert preset.MODULES_VARIABLE in PAGE and f"{preset.MODULES_VARIABLE}=my_parts" in PAGE


def test_changed_flagfile_is_another_run(tmp_path):
    path = tmp_path / "mine.flags"
    names = []
    for text in ("--target_decay=0.55\n", "--target_decay=0.6\n", "# The same.\n--target_decay=0.6\n"):
        path.write_text(text)
        names.append(run_name(TABLES["VI"], ablate_rows.read_row(str(path))))
    assert names[0] != names[1] == names[2]
    assert all(name.startswith("own_mine_") for name in names)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x", "--steps=3\n--target_decay=0.5", "must change the recipe only.*Received: steps in"),
        ("x", "--audio_dir=y", "Received: audio_dir in"),
        ("x", "--taget_decay=0.5", "must be flagfiles of byola pretrain. Received: .*taget_decay"),
        ("a", "--target_decay=0.5", "different names. Received: .*Table VI has a row 'a'; rename"),
    ],
)
def test_rows_that_are_refused(tmp_path, name, text, message):
    (tmp_path / f"{name}.flags").write_text(text)
    with pytest.raises(ValueError, match=message):
        ablate_rows.with_own_rows(TABLES["VI"], [str(tmp_path / f"{name}.flags")])


def test_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="own_rows.*Received: 'nothing.flags'"):
        ablate_rows.read_row("nothing.flags")
