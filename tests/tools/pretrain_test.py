"""The tool as a user runs it: in processes of its own, killed and started again."""

import os
import signal
import time

import numpy as np
import pytest

import byola_keras
from tests import processes
from tests.processes import finish
from tests.sounds import write_sounds
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


def start(*arguments):
    return processes.start("pretrain.py", *arguments)


def wait_for(path, process):
    deadline = time.time() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.time() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = write_sounds(tmp_path_factory.mktemp("data") / "sounds")
    (folder / "broken.wav").write_bytes(b"RIFF but no sound")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(sounds, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("runs") / "uninterrupted"
    code, output = finish(
        start(*TINY, f"--audio_dir={sounds}", f"--workdir={workdir}", "--steps=60", "--checkpoint_every=5")
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
    arguments = [
        *TINY,
        f"--audio_dir={sounds}",
        f"--workdir={tmp_path}",
        "--steps=60",
        "--checkpoint_every=5",
    ]
    for checkpoint in ("step-10.index", "step-35.index"):
        process = start(*arguments)
        wait_for(tmp_path / "checkpoints" / checkpoint, process)
        process.send_signal(signal.SIGKILL)
        assert finish(process)[0] == -signal.SIGKILL
    code, output = finish(start(*arguments))
    assert code == 0, output
    assert "Resumed from" in output
    # Digit by digit: weights, slots, target, memory, draws and data were all the same.
    assert losses(tmp_path) == losses(uninterrupted[0])
    # The flags that were written repeat the run; it is done already.
    code, output = finish(start(f"--flagfile={tmp_path / 'flags.txt'}"))
    assert code == 0 and "60 steps done, 0 to go" in output
    assert len(losses(tmp_path)) == 60


def test_sigterm_saves_and_exits_cleanly(uninterrupted, sounds, tmp_path):
    arguments = [
        *TINY,
        f"--audio_dir={sounds}",
        f"--workdir={tmp_path}",
        "--steps=60",
        "--checkpoint_every=1000",
    ]
    process = start(*arguments)
    wait_for(tmp_path / "embedder.keras", process)
    process.send_signal(signal.SIGTERM)
    code, output = finish(process)
    assert code == 0, output
    assert "SIGTERM: saved at step" in output
    done = len(losses(tmp_path))
    assert 3 <= done < 60
    code, output = finish(start(*arguments))
    assert code == 0, output
    assert losses(tmp_path) == losses(uninterrupted[0])


def test_interrupt_before_the_training_ends_at_once(sounds, tmp_path):
    process = start(*TINY, f"--audio_dir={sounds}", f"--workdir={tmp_path}", "--norm_crops=1000000")
    wait_for(tmp_path / ".lock", process)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    code, output = finish(process)
    assert code == 130, output
    assert "Interrupted before the training" in output and "Traceback" not in output
    assert not (tmp_path / "configuration.json").exists()


def test_second_process_in_the_same_workdir(sounds, tmp_path):
    arguments = [*TINY, f"--audio_dir={sounds}", f"--workdir={tmp_path}", "--steps=100000"]
    first = start(*arguments)
    wait_for(tmp_path / "norm_stats.json", first)
    code, output = finish(start(*arguments))
    first.kill()
    finish(first)
    assert code == 1
    assert "one process at a time" in output and str(tmp_path) in output


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--global_batch_size=1", "--global_batch_size=1"),
        ("--target_decay=1.5", "--target_decay=1.5"),
        ("--mlp_units=8,no", "positive integers"),
        ("--projection_units=8", "two sizes"),
        ("--precision=float8", "--precision=float8"),
        ("--no_such_flag=1", "no_such_flag"),
        ("--checkpoint_every=often", "Received: 'often'"),
        ("--num_devices=64", "Received: num_devices=64"),
    ],
)
def test_flag_out_of_range(sounds, tmp_path, flag, message):
    code, output = finish(start(f"--audio_dir={sounds}", f"--workdir={tmp_path / 'run'}", flag))
    assert code == 1
    assert message in output and "Traceback" not in output
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_workdir_is_required(sounds):
    code, output = finish(start(f"--audio_dir={sounds}"))
    assert code == 1 and "--workdir" in output
