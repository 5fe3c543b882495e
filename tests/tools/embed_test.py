"""tools/embed.py as a user runs it: in a process of its own, and killed."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.embedding.clip_folder import NAMES, write_clips
from tests.factories import tiny_embedder
from tests.processes import TOOLS, run, start, wait_until


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_embedder(seed=0).save_to_preset(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def many_clips(tmp_path_factory):
    """600 files, as links to 20 of different length: enough for a run to be caught in the middle."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(20):
        sound = np.random.default_rng(number).normal(0, 0.1, 30_000 + 1000 * number)
        soundfile.write(folder / f"{number:02d}.flac", sound, 16000)
    (folder / "clips").mkdir()
    for number in range(600):
        (folder / "clips" / f"{number:03d}.flac").symlink_to(folder / f"{number % 20:02d}.flac")
    return folder / "clips"


def written(folder):
    return sorted(str(path.relative_to(folder))[:-4] for path in folder.rglob("*.npz") if path.name[0] != ".")


def wait_for_files(folder, count, process):
    """Until there are `count` more than now."""
    wanted = len(written(folder)) + count
    wait_until(lambda: len(written(folder)) >= wanted, process)


def test_killed_run_goes_on(model, many_clips, tmp_path):
    arguments = [f"--model={model}", f"--input={many_clips}", f"--output_dir={tmp_path}"]
    done = 0
    for number, expected in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        process = start("embed.py", *arguments)
        wait_for_files(tmp_path, 40, process)
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == expected, output
        assert "Traceback" not in output
        assert done < len(written(tmp_path)) < 600
        done = len(written(tmp_path))
    (tmp_path / ".partial-1-000.flac.npz").write_text("left by a killed process")
    code, output = run("embed.py", *arguments)
    assert code == 0, output
    assert f"600 file(s), of which {done} are done" in output and f"Already there: {done}." in output
    assert sorted(os.listdir(tmp_path)) == sorted(
        [".lock", "report.json", *(f"{number:03d}.flac.npz" for number in range(600))]
    )
    for name in written(tmp_path):
        with np.load(tmp_path / f"{name}.npz") as saved:
            assert len(saved["frames"]) == len(saved["timestamps_ms"]) >= 46


def test_report_of_a_run_with_a_broken_file(model, tmp_path):
    clips = write_clips(tmp_path / "clips")
    code, output = run(
        "embed.py",
        f"--model={model}",
        f"--input={clips}/**/*.*",
        f"--output_dir={tmp_path / 'out'}",
        fresh=True,
    )
    assert code == 0, output
    assert "Embedded: 7 file(s)" in output and "Skipped: 1." in output
    assert f"Skipping {clips}/dogs/broken.wav: Format not recognised." in output
    assert written(tmp_path / "out") == NAMES
    assert list(json.loads((tmp_path / "out" / "report.json").read_text())["skipped"]) == [
        f"{clips}/dogs/broken.wav"
    ]


@pytest.mark.parametrize("output_format", ["npz", "tfrecord"])
def test_beam_does_the_same(model, tmp_path, output_format):
    clips = write_clips(tmp_path / "clips")
    arguments = [f"--model={model}", f"--input={clips}", f"--format={output_format}"]
    for runner in ("local", "beam"):
        code, output = run("embed.py", *arguments, f"--runner={runner}", f"--output_dir={tmp_path / runner}")
        assert code == 0, output
        assert "Embedded: 7 file(s)" in output and "Skipped: 1." in output and "broken.wav: Format" in output
    if output_format == "tfrecord":
        local, beam = (
            list((tmp_path / runner / "embeddings.tfrecord").iterdir()) for runner in ("local", "beam")
        )
        assert [part.name for part in local] == [part.name for part in beam]
        assert local[0].stat().st_size == beam[0].stat().st_size
        return
    assert written(tmp_path / "local") == written(tmp_path / "beam") == NAMES
    for name in NAMES:
        with np.load(tmp_path / f"local/{name}.npz") as local, np.load(tmp_path / f"beam/{name}.npz") as beam:
            assert str(local["model"]) == str(beam["model"])
            for key in ("scene", "frames", "timestamps_ms"):
                np.testing.assert_allclose(local[key], beam[key], rtol=1e-4, atol=1e-5)


def test_errors_are_one_line(model, tmp_path):
    clips = write_clips(tmp_path / "clips")
    there = [f"--model={model}", f"--input={clips}", f"--output_dir={tmp_path / 'out'}"]
    for arguments, message in (
        ([*there, "--model=nothing/here"], "error: `path` must be a .keras file"),
        ([*there, "--input=nothing/here"], "error: `input` must be a folder"),
        ([*there, "--", "--runner=FlinkRunner"], "without --runner=beam"),
        (there[:1] + there[2:], "--input, --file_list or both. Received: neither"),
        (there[1:], "Flag --model must have a value"),
    ):
        code, output = run("embed.py", *arguments)
        assert code == 1 and message in output and "Traceback" not in output, output
    assert not (tmp_path / "out").exists()


def test_help_needs_no_tensorflow():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", TOOLS / "embed.py", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "--chunk_seconds" in result.stdout and "tensorflow" not in result.stderr
