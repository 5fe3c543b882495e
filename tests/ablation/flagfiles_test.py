"""configs/ablations: the rows as flagfiles, which a checkout has as the declarations make them."""

import pathlib
import re

import pytest
from absl import flags

from byola_keras.ablation import flagfiles, scales
from byola_keras.ablation.recipes import recipe_of
from byola_keras.ablation.tables import TABLES
from byola_keras.commands import command, field_flags, pretrain
from byola_keras.training.recipe import Recipe, Sound
from tests.sounds import write_sounds
from tests.workdirs import losses

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / flagfiles.FOLDER
ROWS = [(table, row) for table in TABLES.values() for row in table.rows if row.trained]


def parse(*arguments):
    values = flags.FlagValues()
    command.parse(pretrain.COMMAND, arguments, values)
    return values


def test_files_are_those_of_the_tables():
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == flagfiles.flagfiles()


@pytest.mark.parametrize(
    ("table", "row"), ROWS, ids=lambda value: getattr(value, "number", None) or value.name
)
def test_file_is_the_row_at_the_papers_scale(table, row, monkeypatch):
    monkeypatch.chdir(ROOT)
    name = f"table_{table.number}_{row.name}"
    values = parse(f"--flagfile=configs/ablations/{name}.flags")
    assert field_flags.build(Recipe, values) == recipe_of(scales.FSD50K.flags, row.flags)
    assert (values.workdir, values.corpus) == (f"runs/ablations/{name}", "fsd50k")
    assert (values.epochs, values.steps) == (500, None)
    head = (FOLDER / f"{name}.flags").read_text(encoding="utf-8")
    assert f"average of {row.printed:.{2 if table.number == 'VI' else 1}f} %" in head and row.title in head


def test_row_trains_on_other_sound(tmp_path, monkeypatch):
    """As a user calls it: files take the place of the corpus, and flags that follow win."""
    monkeypatch.chdir(ROOT)
    sounds = write_sounds(tmp_path / "sounds", 8)
    values = parse(
        "--flagfile=configs/ablations/table_VI_d.flags",
        f"--audio_dir={sounds}",
        f"--workdir={tmp_path / 'run'}",
        "--steps=2",
        "--global_batch_size=4",
        "--norm_crops=16",
        "--channels=4",
        "--mlp_units=16,16",
        "--projection_units=32,8",
    )
    assert field_flags.build(Sound, values).audio_dir == (str(sounds),)
    pretrain.run(values, [])
    assert len(losses(tmp_path / "run")) == 2
    text = (tmp_path / "run" / "configuration.json").read_text()
    assert re.findall(r'"(\w+)\(', text.partition('"augmentation"')[2].partition("]")[0]) == [
        "RandomResizeCrop",
        "RandomLinearFader",
        "BatchStandardization",
    ]
