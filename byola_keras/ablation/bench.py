"""The rows of a table as runs: pre-trained and probed, each in processes of its own, none of them twice."""

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from absl import logging

from byola_keras.ablation.scales import Scale
from byola_keras.ablation.tables import RANDOM, Row, Table, run_name
from byola_keras.evaluation import records
from byola_keras.evaluation.tasks import load_task
from byola_keras.folder_lock import locked
from byola_keras.models.preset import EMBEDDER_FILE

RUNS, EMBEDDINGS = "runs", "embeddings"


class RowFailedError(RuntimeError):
    """The process of a row has failed. The rows before it are kept."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A row with a seed.

    Attributes:
        table: of the row.
        row: what is trained.
        seed: of the whole run.
        output_dir: folder of all jobs.
    """

    table: Table
    row: Row
    seed: int
    output_dir: str

    @property
    def name(self) -> str:
        """Name of the run; rows of one recipe share it, in whichever tables they stand."""
        return run_name(self.table, self.row) if not self.row.trained else f"{self._run}/seed_{self.seed}"

    @property
    def _run(self):
        return run_name(self.table, self.row)

    @property
    def workdir(self) -> str:
        """Working directory of the pre-training."""
        return os.path.join(self.output_dir, RUNS, self.name)

    @property
    def model(self) -> str:
        """What `byola evaluate --model` takes."""
        return self.workdir if self.row.trained else RANDOM


def jobs(table: Table, names: Sequence[str], seeds: int, output_dir: str) -> list[Job]:
    """All jobs of a table: seed by seed, so that an early look shows all rows.

    Args:
        table: whose rows are wanted.
        names: of the rows; empty for all.
        seeds: how many runs a row has. An untrained encoder is evaluated once.
        output_dir: folder of all jobs.

    Raises:
        ValueError: there is no row of a name.
    """
    rows = [table.row(name) for name in names] if names else table.rows
    return [
        Job(table, row, seed, output_dir) for seed in range(seeds) for row in rows if row.trained or seed == 0
    ]


def run_jobs(wanted: Sequence[Job], scale: Scale, after_each: Callable[[], None]) -> None:
    """Pre-trains and probes what has no results yet; killed and started again, it goes on.

    Args:
        wanted: see `jobs`.
        scale: sound, steps and tasks.
        after_each: called when a job has got its results.

    Raises:
        ValueError: a second process works in the folder.
        RowFailedError: a process has failed; its own message is on the standard error.
    """
    if not wanted:
        return
    output_dir = wanted[0].output_dir
    busy = (
        f"A folder of ablations serves one process at a time. Received: output_dir={output_dir!r}, in which "
        "another process works; take another folder, or wait."
    )
    with locked(output_dir, busy):
        for number, job in enumerate(wanted, 1):
            missing = _tasks_without_result(job, scale)
            if not missing:
                continue
            logging.info(
                "Row %s of Table %s, seed %d (%d of %d).",
                job.row.name,
                job.table.number,
                job.seed,
                number,
                len(wanted),
            )
            if job.row.trained:
                _run_command("pretrain", _pretrain_flags(job, scale))
            _run_command("evaluate", _evaluate_flags(job, scale, missing))
            # Checkpoints of a full-size run take 0.4 GB, and nothing is left to resume.
            shutil.rmtree(os.path.join(job.workdir, "checkpoints"), ignore_errors=True)
            after_each()


def scores(job: Job, scale: Scale) -> dict[str, float]:
    """Scores of a job by the name of the task, in percent; empty as long as there are none."""
    names = dict(_task_names(scale))
    return {
        record["task"]: 100 * record["mean"]
        for record in records.load(job.output_dir)
        if record["model"] == job.model and record["task"] in names
    }


def _tasks_without_result(job, scale):
    done = scores(job, scale)
    return [spec for name, spec in _task_names(scale) if name not in done]


def _task_names(scale) -> Iterator[tuple[str, str]]:
    """Name of each task, as it stands in the results, and what `byola evaluate --tasks` takes."""
    for spec in scale.tasks:
        yield (load_task(spec, scale.data_dir).name if ":" in spec else spec), spec


def _pretrain_flags(job, scale):
    flags = {**scale.flags, **job.row.flags, "seed": str(job.seed), "workdir": job.workdir}
    return [f"--{name}={value}" for name, value in flags.items()] + [
        f"--audio_dir={folder}" for folder in scale.audio_dir
    ]


def _evaluate_flags(job, scale, specs):
    return [
        f"--model={job.model}",
        f"--tasks={','.join(specs)}",
        f"--data_dir={scale.data_dir}",
        f"--output_dir={job.output_dir}",
        f"--cache_dir={os.path.join(job.output_dir, EMBEDDINGS)}",
        *(f"--{name}={value}" for name, value in scale.probe_flags.items()),
    ]


def _run_command(name, flags):
    command = [sys.executable, "-m", "byola_keras.commands", name, *flags]
    code = subprocess.run(command, check=False).returncode
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise RowFailedError(
            f"Every row must be able to train. Received: exit code {code} of byola {name} {' '.join(flags)}; "
            "what is done is kept, and the same command goes on."
        )


def is_trained(job: Job) -> bool:
    """Whether the job's encoder is there."""
    return os.path.exists(os.path.join(job.workdir, EMBEDDER_FILE))
