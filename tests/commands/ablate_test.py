"""Flags of the ablations, and what is wrong with them."""

import pytest
from absl import flags

from byola_keras.ablation import scales
from byola_keras.commands import ablate, ablate_scale, command


def parse(*arguments):
    values = flags.FlagValues()
    command.parse(ablate.COMMAND, arguments, values)
    return values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table=VI"], "--table and --output_dir must be given.*Received: table=VI, output_dir=None"),
        (["--table=XX", "--output_dir=o"], "must be one of VI, VII, .*, XV. Received: table='XX'"),
        (["--table=VI", "--rows=a,z", "--output_dir=o"], "rows of Table VI are a, b, .*Received: 'z'"),
        (["--pretrain_flags=--seed=2", "--list"], "flags of byola pretrain for all.*Received: --seed"),
        (["--pretrain_flags=--norm_crop=2", "--list"], "Received: '--norm_crop=2': Unknown"),
        (["--evaluate_flags=--model=x", "--list"], "flags of byola evaluate for all.*Received: --model"),
        (["--evaluate_flags=--tasks=x", "--list"], "Received: --tasks"),
        (["--evaluate_flags=--seeds=x", "--list"], "must be integers"),
    ],
)
def test_wrong_requests(arguments, message):
    with pytest.raises(ValueError, match=message):
        parse(*arguments)


@pytest.mark.parametrize("given", [[], ["--tasks=csv:x.csv"], ["--audio_dir=x"]])
def test_missing_notes_name_the_command_that_makes_them(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="byola render_notes --output_dir=runs/quickstart/notes"):
        parse("--table=VI", "--output_dir=o", *given)


def test_flags_change_the_scale():
    scale = ablate_scale.make_scale(parse("--list", "--scale=fsd50k", "--pretrain_flags=--workers=2"))
    assert scale.is_the_papers and scale.flags == {**scales.FSD50K.flags, "workers": "2"}
    scale = ablate_scale.make_scale(
        parse(
            "--list",
            "--scale=fsd50k",
            "--epochs=3",
            "--audio_dir=a",
            "--pretrain_flags=--nouse_predictor --encoder='Encoder(channels=4, mlp_units=(8, 8))'",
            "--evaluate_flags=--seeds=1,2 --protocol=whole_clip",
        )
    )
    assert not scale.is_the_papers and scale.audio_dir == ("a",)
    assert scale.flags == {
        "epochs": "3",
        "global_batch_size": "256",
        "use_predictor": "false",
        "encoder": "Encoder(channels=4, mlp_units=(8, 8))",
    }
    assert scale.probe_flags == {"seeds": "1,2", "protocol": "whole_clip"}
    assert "steps" not in ablate_scale.make_scale(parse("--list", "--epochs=3")).flags
