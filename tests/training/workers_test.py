"""Several workers, each in a process of its own: as one with the whole batch, and all end when one does."""

import re
import signal

import numpy as np
import pytest

from tests import cluster, processes
from tests.sounds import write_sounds
from tests.workdirs import TINY_RUN, losses, train

# As small as can be: most of the time goes into making the graph. Dropout masks would differ by replica.
_ENCODER = "Encoder(conv_blocks=1, channels=4, mlp_units=(16, 16), dropout=0.0)"
_STEPS = 25


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds"), count=8)


def start(sounds, workdir):
    """Starts two workers, the second one as if it did not see the folder of the first."""
    flags = {
        **{name: TINY_RUN[name] for name in ("global_batch_size", "norm_crops")},
        "augmentation": " ".join(TINY_RUN["augmentation"]),
        "projection_units": "32,8",
        "encoder": _ENCODER,
        "steps": _STEPS,
        "checkpoint_every": 1,
        "summary_every": 0,
        "audio_dir": sounds,
    }
    common = [f"--{name}={value}" for name, value in flags.items()]
    folders = [workdir, workdir.parent / "not_the_chief"]
    return cluster.start("pretrain.py", [[*common, f"--workdir={folder}"] for folder in folders])


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    """The folder of an uninterrupted run of two workers."""
    workdir = tmp_path_factory.mktemp("whole") / "run"
    for worker in start(sounds, workdir):
        code, output = processes.finish(worker, 600)
        assert code == 0, output
    return workdir


def test_two_workers_equal_one(sounds, whole, tmp_path):
    train(tmp_path, sounds, steps=_STEPS, encoder=_ENCODER)
    one, two = (np.array(losses(folder), float) for folder in (tmp_path, whole))
    np.testing.assert_allclose(two[:6], one[:6], rtol=2e-5)
    # Rounding grows with the steps.
    np.testing.assert_allclose(two, one, rtol=1e-2)


def test_only_the_chief_writes(whole):
    names = {"checkpoints", "configuration.json", "embedder.keras", "flags.txt", "metrics.csv"}
    assert names < {path.name for path in whole.iterdir()}
    assert [path.name for path in whole.parent.iterdir()] == [whole.name]


def test_a_killed_worker_ends_all_and_the_same_command_goes_on(sounds, whole, tmp_path):
    workdir = tmp_path / "run"

    workers = start(sounds, workdir)
    processes.wait_until((workdir / "checkpoints" / "step-2.index").exists, workers[0], 600)
    workers[1].kill()
    (code, output), (other, _) = [processes.finish(worker, 600) for worker in workers]
    assert (code, other) == (1, -signal.SIGKILL)
    assert re.search(r"error: .*Received: worker 1 \(127.0.0.1:\d+\) has gone without a word", output), output
    done = len(losses(workdir))
    # A signal to one stops all at the same step, after a save: also one that comes before the first step.
    workers = start(sounds, workdir)
    processes.read_until(workers[1], "Training on")
    workers[1].send_signal(signal.SIGTERM)
    for code, output in [processes.finish(worker, 600) for worker in workers]:
        assert code == 0 and "Stopped at step" in output, output
    assert done < len(losses(workdir)) < _STEPS
    done = len(losses(workdir))
    workers = start(sounds, workdir)
    processes.wait_until((workdir / "checkpoints" / f"step-{done + 2}.index").exists, workers[0], 600)
    workers[1].send_signal(signal.SIGTERM)
    for code, output in [processes.finish(worker, 600) for worker in workers]:
        assert code == 0 and "Stopped at step" in output, output
    assert done + 2 <= len(losses(workdir)) < _STEPS
    assert losses(workdir) == losses(whole)[: len(losses(workdir))]
