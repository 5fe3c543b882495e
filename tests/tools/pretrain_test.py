"""The tool as a user runs it: in processes of its own, killed and started again."""

import os
import signal

import numpy as np
import pytest

import byola_keras
from tests import processes
from tests.processes import finish, read_until
from tests.sounds import write_sounds
from tests.training.soak import Disturbance, differences, disturbed
from tests.workdirs import losses

TINY = [
    "--channels=4",
    "--mlp_units=16,16",
    "--projection_units=32,8",
    "--memory_size=32",
    "--norm_crops=64",
    "--global_batch_size=8",
    "--summary_every=10",
]


def start(*arguments, **how):
    return processes.start("pretrain.py", *arguments, **how)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = write_sounds(tmp_path_factory.mktemp("data") / "sounds")
    (folder / "broken.wav").write_bytes(b"RIFF but no sound")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(sounds, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("runs") / "uninterrupted"
    code, output = finish(
        start(
            *TINY,
            f"--audio_dir={sounds}",
            f"--workdir={workdir}",
            "--steps=60",
            "--checkpoint_every=5",
            fresh=True,
        )
    )
    assert code == 0, output
    return workdir, output


def test_whole_run(uninterrupted):
    workdir, output = uninterrupted
    assert output.count("broken.wav: Format not recognised") == 1
    assert "1 of 25 sound files could not be decoded" in output
    assert "Step 60 of 60: loss" in output and "0:00:00 left" in output
    curve = [float(loss) for loss in losses(workdir)]
    assert len(curve) == 60 and np.mean(curve[-10:]) < np.mean(curve[:10])
    assert sorted(path.name for path in (workdir / "checkpoints").glob("*.index")) == [
        "step-50.index",
        "step-55.index",
        "step-60.index",
    ]
    embedder = byola_keras.load(str(workdir))
    output = embedder(np.random.default_rng(0).normal(0, 0.1, (2, 20000)).astype("float32"))
    assert output["scene"].shape == (2, 64 + 16) and np.isfinite(output["scene"]).all()
    assert embedder.normalization.mean is not None
    assert not [name for name in os.listdir(workdir) if "partial" in name]


def test_killed_run_goes_on_as_if_nothing_had_happened(uninterrupted, sounds, tmp_path):
    """Digit by digit: weights, slots, target, memory, draws and data were all the same."""
    arguments = [*TINY, f"--audio_dir={sounds}", "--steps=60", "--checkpoint_every=5"]
    disturbances = [Disturbance(False, 10, 0.0), Disturbance(True, 25, 0.0), Disturbance(False, 35, 0.02)]
    workdir = tmp_path / "run"
    counts = disturbed([*arguments, "--steps_per_execution=10"], workdir, tmp_path / "log", disturbances)
    assert counts == {"kills": 2, "full_disks": 1}
    assert "Resumed from" in (tmp_path / "log-last.txt").read_text()
    found = differences(uninterrupted[0], workdir)
    assert found["rows"] == 60 and found["differing_rows"] == found["differing_weights"] == 0
    # The flags that were written repeat the run; it is done already.
    code, output = finish(start(f"--flagfile={workdir / 'flags.txt'}"))
    assert code == 0 and "steps done: 60, to go: 0" in output
    assert len(losses(workdir)) == 60


def test_sigterm_saves_and_exits_cleanly(uninterrupted, sounds, tmp_path):
    arguments = [
        *TINY,
        f"--audio_dir={sounds}",
        f"--workdir={tmp_path}",
        "--steps=60",
        "--checkpoint_every=25",
    ]
    process = start(*arguments)
    read_until(process, "step-25 in ")
    process.send_signal(signal.SIGTERM)
    code, output = finish(process)
    assert code == 0, output
    assert "SIGTERM: saved at step" in output
    done = len(losses(tmp_path))
    assert 25 <= done < 60
    code, output = finish(start(*arguments))
    assert code == 0, output
    assert losses(tmp_path) == losses(uninterrupted[0])


def test_interrupt_before_the_training_ends_at_once(sounds, tmp_path):
    process = start(*TINY, f"--audio_dir={sounds}", f"--workdir={tmp_path}", "--norm_crops=1000000")
    read_until(process, "Measuring mean")
    process.send_signal(signal.SIGINT)
    code, output = finish(process)
    assert code == 130, output
    assert "Interrupted before the training" in output and "Traceback" not in output
    assert not (tmp_path / "configuration.json").exists()


def test_second_process_in_the_same_workdir(sounds, tmp_path):
    arguments = [*TINY, f"--audio_dir={sounds}", f"--workdir={tmp_path}", "--steps=100000"]
    first = start(*arguments)
    read_until(first, "Measuring mean")
    code, output = finish(start(*arguments))
    first.kill()
    finish(first)
    assert code == 1
    assert "one process at a time" in output and str(tmp_path) in output


def test_wrong_flag_answers_without_a_traceback(sounds, tmp_path):
    code, output = finish(
        start(f"--audio_dir={sounds}", f"--workdir={tmp_path / 'run'}", "--target_decay=1.5")
    )
    assert code == 1 and "--target_decay=1.5" in output and "Traceback" not in output
    assert not (tmp_path / "run").exists()
