"""`configuration.json`: what a run is, and whether it is the same run."""

import dataclasses
import json

import pytest

import byola_keras
from byola_keras.audio.crops import CropStream
from byola_keras.training import configuration
from byola_keras.training.recipe import Recipe, Sound
from tests.workdirs import write_metrics

FILES = CropStream(["/x/dogs/1.wav", "/x/dolphins/1.wav"], 100, 0)
SOUND = Sound()
OLD = {
    "global_batch_size": 64,
    "crop_seconds": 0.95,
    "norm_crops": 10000,
    "seed": 0,
    "channels": 8,
    "mlp_units": [32, 16],
    "projection_units": [4096, 256],
    "memory_size": 100,
    "target_decay": 0.99,
    "learning_rate": 0.0001,
    "precision": "float32",
    "synchronized": True,
    "files": 2,
    "files_sha256": "7f3ea475d3bd77f4",
}
SAME_AS_OLD = Recipe(
    global_batch_size=64,
    encoder="Encoder(mlp_units=[32, 16], channels=8)",
    augmentation=(
        "LogMixupExp(memory_size=100)",
        "RandomResizeCrop",
        "RandomLinearFader",
        "BatchStandardization",
    ),
)


def described(recipe=Recipe(), sound=SOUND, stream=FILES):
    return configuration.describe(sound, recipe, stream)


@pytest.fixture(autouse=True)
def begun(tmp_path):
    """Every test's run has made a step, and so is bound to its configuration."""
    write_metrics(tmp_path, 1)


def write(workdir, values):
    (workdir / "configuration.json").write_text(json.dumps(values))


def check(workdir, recipe, sound=SOUND, stream=FILES):
    configuration.check(str(workdir), described(recipe, sound, stream), stream.former_recipe())


def test_every_field_of_the_recipe_is_kept_and_all_parameters_of_blocks():
    values = described()
    assert {field.name for field in dataclasses.fields(Recipe)} <= set(values)
    assert values["augmentation"][0] == "LogMixupExp(max_ratio=0.2, memory_size=2048)"
    assert values["augmentation"][3] == "BatchStandardization()"
    assert values["encoder"].startswith(
        "Encoder(conv_blocks=2, channels=64, mlp_units=(2048, 2048), flatten="
    )
    assert "seed=" not in values["encoder"] and "synchronized=" not in values["encoder"]
    assert values["files"] == 2 and values["crop_seconds"] == 0.95
    assert "audio_dir" not in values


def test_what_is_written_is_accepted(tmp_path):
    configuration.check(str(tmp_path), described())
    configuration.save(str(tmp_path), described())
    check(tmp_path, Recipe())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", 0.5),
        ("seed", 1),
        ("projection_units", (8, 4)),
        ("use_predictor", False),
        ("norm_crops", 3),
        ("sync_batch_norm", False),
        ("encoder", "Encoder(dropout=0.0)"),
        ("augmentation", ("RandomResizeCrop",)),
    ],
)
def test_other_recipe_is_refused(tmp_path, field, value):
    configuration.save(str(tmp_path), described())
    with pytest.raises(ValueError, match=f"Received: {field}=.* was started with {field}=.* Use the values"):
        check(tmp_path, dataclasses.replace(Recipe(), **{field: value}))


def test_other_sound_is_refused(tmp_path):
    configuration.save(str(tmp_path), described())
    with pytest.raises(ValueError, match="Received: crop_seconds=2.0; .*crop_seconds=0.95"):
        check(tmp_path, Recipe(), Sound(crop_seconds=2.0))
    other = CropStream(["/x/dogs/1.wav"], 100, 0)
    with pytest.raises(ValueError, match="Received: files=1, files_sha256='v2-"):
        check(tmp_path, Recipe(), stream=other)


def test_length_of_the_run_may_change_and_texts_may_differ(tmp_path):
    configuration.save(str(tmp_path), described())
    same = {"encoder": "Encoder(channels=64,  mlp_units=[2048, 2048])", "epochs": 3, "steps": 7}
    check(tmp_path, dataclasses.replace(Recipe(), **same))


def test_absent_fields_and_parameters_count_with_their_defaults(tmp_path):
    values = described()
    del values["use_predictor"], values["norm_crops"]
    values["encoder"] = "Encoder(conv_blocks=2)"
    write(tmp_path, values)
    check(tmp_path, Recipe())
    with pytest.raises(ValueError, match="Received: use_predictor=False; .* with use_predictor=True. Use"):
        check(tmp_path, Recipe(use_predictor=False))


def test_field_of_a_later_version_is_refused(tmp_path):
    write(tmp_path, {**described(), "of_a_later_version": 10})
    with pytest.raises(ValueError, match="Received: of_a_later_version=None; .* of_a_later_version=10"):
        check(tmp_path, Recipe())


def test_configuration_of_the_old_form(tmp_path):
    write(tmp_path, OLD)
    check(tmp_path, SAME_AS_OLD)
    for changed in (
        {"encoder": "Encoder(mlp_units=[32, 16])"},
        {"encoder": "Encoder(channels=8)"},
        {"augmentation": Recipe.augmentation},
        {"sync_batch_norm": False},
        {"global_batch_size": 256},
        {"use_predictor": False},
    ):
        (name,) = changed
        with pytest.raises(ValueError, match=f"Received: {name}="):
            check(tmp_path, dataclasses.replace(SAME_AS_OLD, **changed))
    write(tmp_path, {**OLD, "files_sha256": "0000"})
    with pytest.raises(ValueError, match="Received: files_sha256='v2-.*started with files_sha256='0000'"):
        check(tmp_path, SAME_AS_OLD)


class BYOLOfAUser(byola_keras.BYOL):
    """A loss of a user, with a parameter."""

    def __init__(self, *parts, weight=0.5, **kwargs):
        super().__init__(*parts, **kwargs)
        self.weight = weight


def test_model_is_kept_and_compared(tmp_path):
    assert described()["model"] == "BYOL()"
    own = Recipe(model=f"{__name__}:BYOLOfAUser")
    assert described(own)["model"] == f"{__name__}:BYOLOfAUser(weight=0.5)"
    before_models = described()
    del before_models["model"]
    write(tmp_path, before_models)
    check(tmp_path, Recipe())
    with pytest.raises(ValueError, match=r"Received: model='.*BYOLOfAUser\(weight=0.5\)'.* with model='BYOL"):
        check(tmp_path, own)
    configuration.save(str(tmp_path), described(own))
    check(tmp_path, Recipe(model=f"{__name__}:BYOLOfAUser(weight=0.5)"))
    with pytest.raises(ValueError, match=r"weight=0.25.*weight=0.5"):
        check(tmp_path, Recipe(model=f"{__name__}:BYOLOfAUser(weight=0.25)"))


def test_before_the_first_step_another_configuration_is_free(tmp_path):
    configuration.save(str(tmp_path), described())
    (tmp_path / "metrics.csv").unlink()

    def same_statistics(recipe=Recipe(), sound=SOUND):
        return configuration.check(str(tmp_path), described(recipe, sound), FILES.former_recipe())

    assert same_statistics(Recipe(learning_rate=0.5))
    assert not same_statistics(Recipe(norm_crops=3))
    assert not same_statistics(Recipe(seed=1))
    assert not same_statistics(sound=Sound(crop_seconds=2.0))
    assert not same_statistics(sound=Sound(balance=0.5))
    (tmp_path / "checkpoints").mkdir()
    assert same_statistics(Recipe(learning_rate=0.5))
    (tmp_path / "checkpoints" / "checkpoint").write_text("")
    with pytest.raises(ValueError, match="Received: learning_rate=0.5; the run in .* learning_rate=0.0001"):
        same_statistics(Recipe(learning_rate=0.5))
