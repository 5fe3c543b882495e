"""tools/prepare.py and tools/check_audio.py as a user runs them: in processes of their own, and killed."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from tests.processes import run, start, wait_until
from tests.sounds import write_sounds


def count_shards(folder):
    return sum("tfrecord" in name for name in os.listdir(folder)) if folder.exists() else 0


def wait_for_shards(folder, count, process):
    """Until there are `count` more than now."""
    wanted = count_shards(folder) + count
    wait_until(lambda: count_shards(folder) >= wanted, process)


@pytest.fixture(scope="module")
def many_sounds(tmp_path_factory):
    """1,200 files, as links to 24: enough for a preparation to be caught in the middle."""
    folder = tmp_path_factory.mktemp("many")
    originals = write_sounds(folder / "originals")
    (folder / "sounds").mkdir()
    for number in range(50):
        for path in originals.iterdir():
            (folder / "sounds" / f"{number:02d}-{path.name}").symlink_to(path)
    return folder / "sounds"


def files_of(corpus):
    return {p.name: p.read_bytes() for p in corpus.iterdir() if p.name != "report.json"}


def test_killed_preparation_goes_on_and_ends_with_the_same_corpus(many_sounds, tmp_path):
    whole = [f"--audio_dir={many_sounds}", f"--output_dir={tmp_path / 'whole'}", "--shards=40"]
    code, output = run("prepare.py", *whole, fresh=True)
    assert code == 0, output
    assert "1,200 clips" in output and "--corpus=corpus --data_dir=" in output and "Traceback" not in output

    arguments = [f"--audio_dir={many_sounds}", f"--output_dir={tmp_path / 'killed'}", "--shards=40"]
    hidden = tmp_path / "killed" / ".preparing-corpus" / "shards"
    for shards, number, expected in ((3, signal.SIGKILL, -signal.SIGKILL), (9, signal.SIGINT, 130)):
        process = start("prepare.py", *arguments)
        wait_for_shards(hidden, shards, process)
        if number == signal.SIGKILL:
            os.killpg(process.pid, signal.SIGSTOP)
            code, output = run("prepare.py", *arguments)
            assert code == 1 and "one process at a time" in output
            # The workers are not killed: they have to notice.
            process.kill()
            os.killpg(process.pid, signal.SIGCONT)
        else:
            os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == expected, output
        assert "Traceback" not in output
        assert not (tmp_path / "killed" / "corpus").exists()
    code, output = run("prepare.py", *arguments)
    assert code == 0, output
    assert "40 shard(s) of which 0 are done" not in output
    assert files_of(tmp_path / "killed/corpus/1.0.0") == files_of(tmp_path / "whole/corpus/1.0.0")
    assert sorted(os.listdir(tmp_path / "killed")) == ["corpus", "report.json"]


def test_worker_that_dies_ends_the_preparation_with_a_clear_error(many_sounds, tmp_path):
    arguments = [f"--audio_dir={many_sounds}", f"--output_dir={tmp_path}", "--shards=40", "--workers=2"]
    process = start("prepare.py", *arguments)
    wait_for_shards(tmp_path / ".preparing-corpus" / "shards", 3, process)
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
    workers = [
        child
        for child in children.stdout.split()
        if b"spawn_main" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(workers) == 2
    os.kill(int(workers[0]), signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Worker processes must not die" in output and "Traceback" not in output


def test_another_runner_by_beams_own_flags(tmp_path):
    """Beam's job service in a process of its own, to which the tool submits the pipeline."""
    sounds = write_sounds(tmp_path / "sounds", count=6)
    service = subprocess.Popen(
        [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main", "--port=0"]
        + [f"--port_file={tmp_path / 'port'}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = tmp_path / "port"
        wait_until(lambda: port.exists() and port.read_text(), service)
        endpoint = f"--job_endpoint=localhost:{port.read_text()}"
        beam = ["--runner=PortableRunner", endpoint, "--environment_type=LOOPBACK"]
        code, output = run("prepare.py", f"--audio_dir={sounds}", f"--output_dir={tmp_path}", "--", *beam)
    finally:
        service.kill()
        service.wait()
    assert code == 0, output
    assert json.loads((tmp_path / "report.json").read_text())["clips"] == 6


def test_audioset_segments_choose_the_files(tmp_path):
    sounds = write_sounds(tmp_path / "sounds", count=3)
    (sounds / "000.wav").rename(sounds / "Yabcdefghij0_30000_40000.wav")
    (tmp_path / "train.csv").write_text(
        '# YTID, start, end\nabcdefghij0, 30.0, 40.0, "/m/1"\nzzzzzzzzzzz, 0, 10, "x"\n'
    )
    code, output = run(
        "prepare.py",
        f"--audio_dir={sounds}",
        f"--audioset_csv={tmp_path / 'train.csv'}",
        f"--output_dir={tmp_path}",
        "--name=audioset",
    )
    assert code == 0, output
    assert "AudioSet: 1 of 2 listed clips found, 1 missing (missing.txt); the paper had 1,963,807." in output
    assert (tmp_path / "audioset/1.0.0/missing.txt").read_text() == "zzzzzzzzzzz\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Sound must come from files"),
        (["--audio_dir=.", "--tfds=x"], "Received: audio_dir, tfds"),
        (["--audio_dir=gone"], "Received: audio_dir='gone'"),
        (["--audio_dir=.", "--name=A"], "none was found"),
        (["--tfds=nothing_of_that_name"], "Received: tfds='nothing_of_that_name'"),
    ],
)
def test_wrong_flags(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, output = run("prepare.py", f"--output_dir={tmp_path / 'out'}", *arguments)
    assert code == 1 and message in output and "Traceback" not in output
    assert not (tmp_path / "out").exists()


def test_check_exits_with_1_if_anything_is_unreadable(sounds_folder, tmp_path):
    path = tmp_path / "report.json"
    code, output = run("check_audio.py", f"--audio_dir={sounds_folder}", f"--json={path}")
    assert code == 1, output
    assert "unreadable: 2" in output and "broken.wav" in output
    problems = json.loads(path.read_text())["problems"]
    named = {os.path.basename(entry["path"]) for entry in problems["unreadable"]}
    assert named == {"broken.wav", "cut.flac"}
    assert run("check_audio.py", f"--audio_dir={sounds_folder}/0*")[0] == 0
    code, output = run("check_audio.py", "--audio_dir=gone")
    assert code == 1 and "Received: audio_dir='gone'" in output and "Traceback" not in output
