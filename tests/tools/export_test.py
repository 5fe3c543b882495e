"""tools/export.py as a user runs it."""

import json
import os

import pytest

from tests import processes
from tests.factories import settled_embedder
from tests.sounds import write_sounds


def run(*arguments, **how):
    return processes.run("export.py", *arguments, **how)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    settled_embedder().save(path)
    return path


def test_both_formats_are_written_and_verified(model, tmp_path):
    sounds = write_sounds(tmp_path / "sounds", count=2)
    out = tmp_path / "out"
    code, output = run(f"--model={model}", f"--output_dir={out}", f"--verify_audio={sounds}", fresh=True)
    assert code == 0 and "Traceback" not in output, output
    report = json.loads((out / "verify.json").read_text())["artefacts"]
    names = ["saved_model/byola/1"] + [f"litert/byola_{p}.tflite" for p in ("float32", "float16", "int8")]
    assert list(report) == names
    for name in names:
        assert (out / name).exists() and name in output
        assert len(report[name]["clips"]) == 8 and report[name]["passed"]
    assert report["saved_model/byola/1"]["largest_error"] < 1e-5
    assert report["litert/byola_float32.tflite"]["largest_error"] < 1e-4
    version = out / "saved_model" / "byola" / "1"
    assert sorted(os.listdir(version)) == [
        "assets",
        "assets.extra",
        "fingerprint.pb",
        "saved_model.pb",
        "variables",
    ]
    assert sorted(os.listdir(out)) == ["litert", "saved_model", "verify.json"]
    code, output = run(f"--model={model}", f"--output_dir={out}")
    assert code == 1 and "error: A version must be new" in output and "Traceback" not in output


def test_log_mel_in(model, tmp_path):
    code, output = run(
        f"--model={model}",
        f"--output_dir={tmp_path}",
        "--formats=litert",
        "--litert_input=logmel",
        "--name=x",
    )
    assert code == 0, output
    precisions = ("float32", "float16", "int8", "full_int8")
    files = {f"x_logmel_{precision}.tflite" for precision in precisions}
    assert set(os.listdir(tmp_path / "litert")) == {*files, "x_model_card.json"}
    report = json.loads((tmp_path / "verify.json").read_text())["artefacts"]
    assert report["litert/x_logmel_full_int8.tflite"]["lowest_cosine"] > 0.98


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model=gone"], "Received: path='gone'"),
        (
            ["--verify_audio=gone"],
            "`verify_audio` must be a folder",
        ),
    ],
)
def test_wrong_flags(model, tmp_path, arguments, message):
    code, output = run(f"--model={model}", f"--output_dir={tmp_path / 'out'}", *arguments)
    assert code == 1 and message in output and "Traceback" not in output, output
    assert not (tmp_path / "out").exists()
