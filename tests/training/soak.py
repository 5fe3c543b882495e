"""A long run that is killed and whose disk is full, again and again, beside one that nothing happens to.

    byola prepare --audio_dir=sounds --output_dir=corpora
    python -m tests.training.soak --data_dir=corpora --folder=soak --steps=20000 --kills=20 --full_disks=5

Both runs are processes of their own with the same tiny model, at the same time. The figures, which are
printed at the end, say how many rows of `metrics.csv` and how many weights differ: none may. By default the
disk is full because the process may write no file beyond some bytes from some moment on. With
`--small_disk=FOLDER`, which must be a small file system of its own (`mount -t tmpfs -o size=64m tmpfs
FOLDER`), the disturbed run lives there, and a ballast takes the space.
"""

import argparse
import concurrent.futures
import contextlib
import csv
import dataclasses
import itertools
import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import tensorflow as tf

from byola_keras.training import metrics_file
from tests.processes import TOOLS

TINY = (
    "--encoder=Encoder(channels=4, mlp_units=(8, 8))",
    "--projection_units=16,8",
    "--memory_size=16",
    "--crop_seconds=0.1",
    "--global_batch_size=2",
    "--norm_crops=16",
    "--summary_every=1000",
    "--checkpoint_every=200",
)
# What a run says once it begins to train, and when its disk is full.
_BEGUN, _FULL = ", to go: ", "make room, and the same command goes on"
_TIMES = ("step_seconds", "data_seconds")
# Bytes that are left on a full disk: too few for a row, or for a checkpoint.
_ROOM = (10, 20_000)
_MEMORY_STEPS = (200, 1000, 2000, 5000, 10_000, 15_000, 20_000)
# No ballast for a file system that others may need.
_LARGEST_DISK = 2**30


@dataclasses.dataclass
class Disturbance:
    """A kill or a full disk, some time after a run has begun to train and `metrics.csv` has some rows."""

    full_disk: bool
    step: int
    seconds: float
    # A kill may come before the training begins.
    early: bool = False


def plan(steps: int, kills: int, full_disks: int, seed: int, seconds: float = 1.0) -> list[Disturbance]:
    """Draws the moments, in their order; the last tenth of the run is left alone."""
    draws = random.Random(seed)
    kinds = [False] * kills + [True] * full_disks
    draws.shuffle(kinds)
    moments = sorted(draws.randrange(1, max(2, round(0.9 * steps))) for _ in kinds)
    return [
        Disturbance(full, step, draws.uniform(0, seconds), early=not full and draws.random() < 0.15)
        for full, step in zip(kinds, moments, strict=True)
    ]


class Run:
    """A process of `pretrain`, whose output goes to a file."""

    def __init__(self, arguments, workdir, log):
        self.workdir, self._log = pathlib.Path(workdir), pathlib.Path(log)
        command = [sys.executable, TOOLS / "pretrain.py", *map(str, arguments), f"--workdir={workdir}"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        # By a pipe: a process that may write no file could not say so to one.
        self._reader = threading.Thread(target=self._copy_output)
        self._reader.start()

    def _copy_output(self):
        with self.process.stdout, open(self._log, "wb", buffering=0) as file:
            for line in self.process.stdout:
                file.write(line)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Waits for the end of the process and of its output; returns the exit code."""
        self._reader.join()
        return self.process.wait()

    def output(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def ended(self) -> bool:
        return self.process.poll() is not None

    def rows(self) -> int:
        """Steps of which `metrics.csv` shows a row by now."""
        with (
            contextlib.suppress(OSError, ValueError, IndexError),
            open(self.workdir / "metrics.csv", "rb") as file,
        ):
            file.seek(-min(1000, file.seek(0, 2)), 2)
            return int(file.read().splitlines()[-2].split(b",")[0])
        return 0

    def resident_mib(self) -> float:
        """Main memory that the process takes now."""
        with contextlib.suppress(OSError), open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
        return 0.0

    def wait_for(self, disturbance: Disturbance) -> bool:
        """Waits for the moment; False where the process ended before."""
        if not disturbance.early:
            while _BEGUN not in self.output() or self.rows() < disturbance.step:
                if self.ended():
                    return False
                time.sleep(0.01)
        time.sleep(disturbance.seconds)
        return not self.ended()


def undisturbed(arguments, workdir, log) -> dict[int, float]:
    """Trains without a disturbance; returns MiB of main memory by steps done."""
    memory = {}
    with Run(arguments, workdir, log) as run:
        while not run.ended():
            due = [step for step in _MEMORY_STEPS if step not in memory and step <= run.rows()]
            if due:
                memory[due[-1]] = round(run.resident_mib(), 1)
            time.sleep(0.05)
        assert run.end() == 0, run.output()
    return memory


def disturbed(arguments, workdir, logs, disturbances, small_disk=None) -> dict[str, int]:
    """Trains by the same command again and again; returns how often it was killed and had a full disk."""
    counts = {"kills": 0, "full_disks": 0}
    for number, disturbance in enumerate(disturbances):
        with Run(arguments, workdir, f"{logs}-{number}.txt") as run:
            if not run.wait_for(disturbance):
                assert run.end() == 0, run.output()
            elif disturbance.full_disk:
                with full_disk(run, _ROOM[counts["full_disks"] % len(_ROOM)], small_disk):
                    code = run.end()
                output = run.output()
                assert code == 1 and _FULL in output and "Traceback" not in output, output
                counts["full_disks"] += 1
            else:
                # Leaving the block kills it.
                counts["kills"] += 1
    with Run(arguments, workdir, f"{logs}-last.txt") as run:
        assert run.end() == 0, run.output()
    return counts


@contextlib.contextmanager
def full_disk(run, room, small_disk):
    """While it lasts, the run can write no more than a few bytes to its disk."""
    if small_disk is None:
        resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        yield
        return
    ballast = pathlib.Path(small_disk) / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        file.truncate(max(0, file.tell() - room))
        yield
    ballast.unlink()


def differences(one, other) -> dict[str, int]:
    """Counts what differs between two runs: rows, but for their seconds, and weights and slots."""
    rows = [_rows(pathlib.Path(workdir)) for workdir in (one, other)]
    weights = [_weights(pathlib.Path(workdir)) for workdir in (one, other)]
    in_both = weights[0].keys() & weights[1].keys()
    assert len(in_both) > 20
    differing = sum(not np.array_equal(weights[0][name], weights[1][name]) for name in in_both)
    return {
        "rows": len(rows[0]),
        "differing_rows": sum(a != b for a, b in itertools.zip_longest(*rows)),
        "weights": len(in_both),
        "differing_weights": differing + len(weights[0].keys() ^ weights[1].keys()),
    }


def _weights(workdir):
    """What the last checkpoint holds, without what TensorFlow adds."""
    reader = tf.train.load_checkpoint(str(workdir / "checkpoints"))
    names = [name for name in reader.get_variable_to_shape_map() if name[0] in "mo"]
    return {name: reader.get_tensor(name) for name in names}


def _rows(workdir):
    with open(workdir / metrics_file.FILE_NAME, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    return [[value for name, value in row.items() if name not in _TIMES] for row in rows]


def soak(arguments, folder, disturbances, steps_per_execution=10, small_disk=None) -> dict:
    """Runs both, the disturbed one with several steps in one execution; returns all figures."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    whole, broken = folder / "whole", pathlib.Path(small_disk or folder) / "disturbed"
    more = [*arguments, f"--steps_per_execution={steps_per_execution}"]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        memory = pool.submit(undisturbed, arguments, whole, folder / "whole.txt")
        counts = pool.submit(disturbed, more, broken, folder / "disturbed", disturbances, small_disk)
    return {
        **counts.result(),
        "mib_at_step": memory.result(),
        **differences(whole, broken),
        "seconds": round(time.monotonic() - began),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data_dir", required=True, help="Folder of the one prepared corpus.")
    parser.add_argument("--folder", required=True, help="Folder to make, for both runs.")
    parser.add_argument("--small_disk", help="A small file system of its own.")
    for name, default in (("steps", 20_000), ("kills", 20), ("full_disks", 5), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    if given.small_disk and shutil.disk_usage(given.small_disk).total > _LARGEST_DISK:
        parser.error(f"--small_disk must be smaller than 1 GiB. Received: {given.small_disk}")
    arguments = [*TINY, f"--data_dir={given.data_dir}", f"--steps={given.steps}"]
    disturbances = plan(given.steps, given.kills, given.full_disks, given.seed)
    print(json.dumps(soak(arguments, given.folder, disturbances, small_disk=given.small_disk), indent=2))


if __name__ == "__main__":
    main()
