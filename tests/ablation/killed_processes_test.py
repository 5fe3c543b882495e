"""The bench with real processes, of which some are killed."""

import collections
import csv
import os
import pathlib
import signal

import pytest

from byola_keras.evaluation import records
from tests import processes
from tests.evaluation.tones import write_task
from tests.sounds import write_sounds
from tests.workdirs import losses


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"), 15)


def test_processes_that_are_killed(tmp_path, task):
    """The command itself: its parent is killed, then its child, then it is interrupted; then it ends."""
    out = tmp_path / "out"
    arguments = [
        "--table=VI",
        "--rows=f,random",
        f"--audio_dir={write_sounds(tmp_path / 'sounds', 8)}",
        f"--tasks=csv:{task}:pitch",
        "--steps=2",
        "--global_batch_size=4",
        "--pretrain_flags=--norm_crops=16 --projection_units=32,8 "
        "--encoder='Encoder(channels=4, mlp_units=(16, 16))'",
        "--evaluate_flags=--learning_rate=1e-2 --seeds=42",
        f"--output_dir={out}",
    ]
    workdir = out / "runs" / "VI_f" / "seed_0"

    parent = processes.start("ablate.py", *arguments)
    processes.wait_until((workdir / "configuration.json").exists, parent)
    (orphan,) = children(parent.pid)
    parent.kill()
    parent.communicate()

    # The training that is left saves itself; only then does the next one start.
    parent = processes.start("ablate.py", *arguments)
    processes.wait_until(lambda: children(parent.pid), parent)
    processes.wait_until(lambda: not is_running(orphan), parent)
    os.kill(children(parent.pid)[0], signal.SIGKILL)
    code, output = processes.finish(parent)
    assert code == 1 and "Received: SIGKILL for byola pretrain" in output, output
    assert "the same command goes on" in output

    parent = processes.start("ablate.py", *arguments)
    processes.wait_until((workdir / "trained.json").exists, parent)
    os.killpg(parent.pid, signal.SIGINT)
    code, output = processes.finish(parent)
    assert code == 130 and "Interrupted; the same command goes on." in output, output

    code, output = processes.run("ablate.py", *arguments)
    assert code == 0, output
    results = collections.Counter(record["model"] for record in records.load(str(out)))
    assert results == {str(out / "runs" / name): 1 for name in ("VI_f/seed_0", "random")}
    assert len(losses(workdir)) == 2
    with open(out / "table_VI.csv", encoding="utf-8", newline="") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["f", "random"]
    assert all(0 < float(row["mean"]) <= 100 for row in rows.values())
    assert "| f | RRC |" in output and "not the paper's scale: steps=2" in output


def children(parent):
    """Commands that a process has started. Libraries start processes, too, for a moment."""
    pids = map(int, pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return [pid for pid in pids if is_command(pid)]


def is_command(pid):
    try:
        return b"byola_keras.ablation.child" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def is_running(pid):
    """Whether there is such a process, and more of it than its exit code."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
