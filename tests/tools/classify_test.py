"""tools/classify.py as a user runs it: in processes of its own, and killed."""

import os
import signal

import numpy as np
import pytest
import soundfile

import byola_keras
from tests.evaluation.tones import write_task
from tests.factories import settled_embedder
from tests.models.classifier_test import classifier
from tests.processes import run, start, wait_until


def test_train_and_predict(tmp_path):
    labels = write_task(tmp_path, 60)
    settled_embedder().save(tmp_path / "embedder.keras")
    out = tmp_path / "classifier"
    code, output = run(
        "classify.py",
        "train",
        f"--labels={labels}:pitch",
        f"--model={tmp_path}",
        f"--output_dir={out}",
        "--clips_per_class=8",
        "--seeds=1",
    )
    assert code == 0 and "Traceback" not in output, output
    assert "12 test clips of 3 classes: accuracy" in output
    assert {"classifier.keras", "report.html", "classes.csv", "predictions.csv"} <= set(os.listdir(out))
    code, output = run(
        "classify.py",
        "predict",
        f"--model={out}",
        f"--input={tmp_path}/1?.wav",
        f"--output_dir={tmp_path / 'found'}",
        "--threshold=0.2,high=0.9",
    )
    assert code == 0 and "Classified: 10 file(s)" in output, output
    assert (tmp_path / "found" / "raven" / "10.wav.selections.txt").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "The first argument must be one of train, predict"),
        (["train"], "--labels must name a CSV file"),
        (["predict"], "Sound must be given by --input"),
        (["predict", "--input=x", "--threshold=a=b"], "--threshold must be numbers or LABEL=NUMBER"),
        (["train", "--labels=x", "--", "--runner=x"], "without --runner=beam"),
    ],
)
def test_flags_that_do_not_fit(tmp_path, arguments, message):
    code, output = run("classify.py", *arguments[:1], "--model=x", f"--output_dir={tmp_path}", *arguments[1:])
    assert code == 1 and message in output and "Traceback" not in output


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    classifier(settled_embedder()).save(folder / "classifier.keras")
    return folder


def test_killed_prediction_goes_on(model, tmp_path):
    (tmp_path / "sounds").mkdir()
    soundfile.write(tmp_path / "one.flac", np.random.default_rng(0).normal(0, 0.1, 60_000), 16000)
    for number in range(300):
        (tmp_path / "sounds" / f"{number:03d}.flac").symlink_to(tmp_path / "one.flac")
    out = tmp_path / "out"
    arguments = ("predict", f"--model={model}", f"--input={tmp_path / 'sounds'}", f"--output_dir={out}")

    def done():
        return len([name for name in os.listdir(out / "done") if name[0] != "."]) if out.exists() else 0

    process = start("classify.py", *arguments)
    wait_until(lambda: (out / "done").exists() and done() >= 20, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    before = done()
    assert 20 <= before < 300
    code, output = run("classify.py", *arguments)
    assert code == 0 and f"300 file(s), of which {before} are done" in output, output
    assert done() == 300 and len((out / "files.csv").read_text().splitlines()) == 301
    texts = {(out / "segments" / f"{number:03d}.flac.csv").read_text() for number in range(300)}
    assert len(texts) == 1


def test_beam_does_the_same(model, tmp_path):
    (tmp_path / "sounds").mkdir()
    for number in range(3):
        sound = np.random.default_rng(number).normal(0, 0.1, 40_000)
        soundfile.write(tmp_path / "sounds" / f"{number}.flac", sound, 16000)
    (tmp_path / "sounds" / "broken.wav").write_bytes(b"RIFF but no sound")
    found = {}
    for runner in ("local", "beam"):
        out = tmp_path / runner
        code, output = run(
            "classify.py",
            "predict",
            f"--model={model}",
            f"--input={tmp_path / 'sounds'}",
            f"--output_dir={out}",
            f"--runner={runner}",
        )
        assert code == 0 and "Classified: 3 file(s)" in output and "Skipped: 1." in output, output
        found[runner] = {
            str(path.relative_to(out)): path.read_text()
            for path in sorted(out.rglob("*"))
            if path.suffix == ".csv"
        }
    assert found["beam"] == found["local"] and len(found["local"]) == 8
    assert byola_keras.load_classifier(model).labels[0] in found["local"]["files.csv"]
