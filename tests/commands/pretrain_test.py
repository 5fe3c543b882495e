"""Flags of `pretrain`, and what it makes of them, without a process of its own."""

import pathlib
import shutil

import pytest
from absl import flags

from byola_keras.commands import command, pretrain
from byola_keras.training import run
from byola_keras.training.recipe import Recipe, Runtime, Sound

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
TINY = [
    "--steps=2",
    "--global_batch_size=4",
    "--norm_crops=16",
    "--encoder=Encoder(channels=4, mlp_units=(8, 8))",
    "--projection_units=16,8",
    "--memory_size=8",
]


def parse(*arguments):
    values = flags.FlagValues()
    command.parse(pretrain.COMMAND, [str(argument) for argument in arguments], values)
    return values


@pytest.fixture
def called(monkeypatch):
    """Takes the place of the run; gets what it is called with."""
    given = []
    monkeypatch.setattr(run, "pretrain", lambda *arguments: given.append(arguments))
    return given


def call(called, *arguments):
    pretrain.run(parse("--workdir=w", *arguments), [])
    return called[-1]


def test_without_flags_everything_has_the_default_of_its_field(called):
    workdir, sound, recipe, runtime, _, dry_run = call(called)
    assert (workdir, sound, recipe, runtime, dry_run) == ("w", Sound(), Recipe(), Runtime(), False)


def test_every_flag_reaches_its_field(called):
    arguments = [
        "--audio_dir=a",
        "--audio_dir=b",
        "--crop_seconds=0.5",
        "--augmentation=LogMixupExp(max_ratio=0.4, memory_size=8) BatchStandardization",
        "--encoder=Encoder(conv_blocks=3)",
        "--projection_units=16,8",
        "--projection_hidden_layers=3,1",
        "--target_decay_start=0.5",
        "--learning_rate_schedule=cosine",
        "--views=two_crops",
        "--balance=0.5",
        "--nouse_predictor",
        "--precision=mixed_bfloat16",
        "--steps=7",
        "--max_minutes=0.5",
        "--deterministic",
        "--notf32",
        "--dry_run",
    ]
    _, sound, recipe, runtime, text, dry_run = call(called, *arguments)
    assert sound == Sound(audio_dir=("a", "b"), crop_seconds=0.5, views="two_crops", balance=0.5)
    assert recipe == Recipe(
        augmentation=("LogMixupExp(max_ratio=0.4, memory_size=8)", "BatchStandardization"),
        encoder="Encoder(conv_blocks=3)",
        projection_units=(16, 8),
        projection_hidden_layers=(3, 1),
        target_decay_start=0.5,
        learning_rate_schedule="cosine",
        use_predictor=False,
        precision="mixed_bfloat16",
        steps=7,
    )
    assert runtime == Runtime(max_minutes=0.5, deterministic=True, tf32=False)
    assert dry_run


def test_flags_text_repeats_the_run(called, tmp_path):
    arguments = ["--audio_dir=a", "--augmentation=RandomResizeCrop(time_scale=(0.5, 1.0))", "--mlp_units=8,4"]
    first = call(called, *arguments)
    (tmp_path / "flags.txt").write_text(first[4])
    pretrain.run(parse(f"--flagfile={tmp_path / 'flags.txt'}"), [])
    assert called[-1] == first


def test_short_flags_set_parameters_of_blocks(called):
    recipe = call(called, "--channels=8", "--mlp_units=16,4", "--memory_size=32")[2]
    assert recipe.encoder == "Encoder(channels=8, mlp_units=(16, 4))"
    assert recipe.augmentation == ("LogMixupExp(memory_size=32)", *Recipe.augmentation[1:])
    recipe = call(called, "--channels=8", "--encoder=Encoder(conv_blocks=3, channels=8)")[2]
    assert recipe.encoder == "Encoder(conv_blocks=3, channels=8)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--channels=8", "--encoder=Encoder(channels=4)"],
            "`channels` must be said once. Received: channels=8",
        ),
        (
            ["--memory_size=8", "--augmentation=RandomResizeCrop"],
            "needs the block LogMixupExp.*memory_size=8",
        ),
        (["--encoder=Encoder(4)"], "A block must be"),
    ],
)
def test_short_flags_that_contradict(called, arguments, message):
    with pytest.raises(ValueError, match=message):
        call(called, "--channels=8", *arguments)
    assert not called


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--global_batch_size=1", "global_batch_size=1"),
        ("--target_decay=1.5", "target_decay=1.5"),
        ("--mlp_units=8,no", "positive integers"),
        ("--mlp_units=8,0", "positive integers"),
        ("--projection_units=8", "2 positive integers"),
        ("--projection_units=8,0", "2 positive integers"),
        ("--precision=float8", "precision=float8"),
        ("--crop_seconds=nan", "crop_seconds"),
        ("--no_such_flag=1", "no_such_flag"),
    ],
)
def test_flag_out_of_range(flag, message):
    with pytest.raises((flags.Error, ValueError), match=message):
        pretrain.run(parse("--workdir=w", flag), [])


def test_workdir_is_required():
    with pytest.raises(flags.Error, match="--workdir"):
        parse("--audio_dir=a")


@pytest.mark.parametrize("name", ["audioset", "fsd50k"])
def test_configuration_file_trains_where_its_corpus_is_prepared(name, data_dir, tmp_path, monkeypatch):
    """Literally `--flagfile=configs/NAME.flags` in a folder with `corpora/NAME`."""
    folder = tmp_path / "corpora" / name / "1.0.0"
    folder.mkdir(parents=True)
    for file in pathlib.Path(data_dir, "sounds", "1.0.0").iterdir():
        shutil.copy(file, folder / file.name.replace("sounds-", f"{name}-"))
    monkeypatch.chdir(tmp_path)
    pretrain.run(parse(f"--flagfile={CONFIGS / name}.flags", *TINY), [])
    assert (tmp_path / "runs" / name / "embedder.keras").exists()
    assert len((tmp_path / "runs" / name / "metrics.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["audioset", "fsd50k"])
def test_configuration_file_without_its_corpus_names_the_commands_that_make_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        pretrain.run(parse(f"--flagfile={CONFIGS / name}.flags"), [])
    text = str(caught.value)
    assert f"Received: corpus='{name}', data_dir='corpora'" in text
    _, check, prepare, _ = text.splitlines()
    assert check.strip() == "byola check --audio_dir=FOLDER"
    assert prepare.strip().startswith(f"byola prepare --audio_dir=FOLDER --output_dir=corpora --name={name} ")
    # The commands are those of the file's head.
    head = (CONFIGS / f"{name}.flags").read_text()
    assert all(flag in head for flag in prepare.split() if flag.startswith("--") and "FOLDER" not in flag)
    assert not list(tmp_path.iterdir())


def test_files_win_over_the_corpus_of_a_configuration(tmp_path, monkeypatch, sounds_folder, caplog):
    monkeypatch.chdir(tmp_path)
    arguments = [f"--flagfile={CONFIGS / 'audioset.flags'}", f"--audio_dir={sounds_folder}", "--workdir=mine"]
    with caplog.at_level("WARNING", logger="absl"):
        pretrain.run(parse(*arguments, *TINY, "--dry_run"), [])
    assert "data_dir='corpora' and corpus='audioset' are left aside" in caplog.text
