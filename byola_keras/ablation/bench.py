"""The rows of a table as runs: pre-trained and probed, each in processes of its own, none of them twice."""

import dataclasses
import functools
import json
import os
import shutil
from collections.abc import Callable, Sequence

from absl import logging

from byola_keras.ablation.child import CommandFailedError, CommandStoppedError, run_command
from byola_keras.ablation.recipes import recipe_of
from byola_keras.ablation.scales import Scale, settings
from byola_keras.ablation.tables import RANDOM, Row, Table, run_name
from byola_keras.atomic import replacing, write_text
from byola_keras.differences import differing, name_differences
from byola_keras.evaluation import records
from byola_keras.evaluation.evaluate import check_names
from byola_keras.evaluation.tasks import load_task
from byola_keras.folder_lock import locked
from byola_keras.training import metrics_file

RUNS, EMBEDDINGS, SETTINGS = "runs", "embeddings", "settings.json"
# Says in a run's folder that its training has come to its end.
_TRAINED = "trained.json"


@dataclasses.dataclass(frozen=True)
class Job:
    """A row with a seed.

    Attributes:
        row: what is trained.
        seed: of the whole run.
        run: name of the run; jobs of one recipe and seed share it, in whichever tables their rows stand.
    """

    row: Row
    seed: int
    run: str


@dataclasses.dataclass(frozen=True)
class Bench:
    """A folder in which all runs are of one scale.

    Attributes:
        output_dir: the folder of runs, results and tables.
        scale: sound, steps and tasks.
    """

    output_dir: str
    scale: Scale

    def jobs(self, table: Table, names: Sequence[str], seeds: int) -> list[Job]:
        """All jobs of a table: seed by seed, so that an early look shows all rows.

        Args:
            table: whose rows are wanted.
            names: of the rows; empty for all.
            seeds: how many runs a row has. An untrained encoder is evaluated once.

        Raises:
            ValueError: there is no row of a name.
        """
        rows = [table.row(name) for name in dict.fromkeys(names)] if names else table.rows
        return [
            Job(row, seed, self._run(table, row, seed))
            for seed in range(seeds)
            for row in rows
            if row.trained or seed == 0
        ]

    def all_jobs(self, table: Table) -> list[Job]:
        """The jobs of all rows and of all seeds that have results, whichever calls have made them."""
        seeds = (os.path.basename(record["model"]).partition("seed_")[2] for record in self._records())
        return self.jobs(table, (), max((int(seed) + 1 for seed in seeds if seed.isdigit()), default=1))

    def run(self, jobs: Sequence[Job], after_each: Callable[[], None]) -> None:
        """Pre-trains and probes what has no results yet; killed and started again, it goes on.

        A row whose process fails does not keep the others from their turn.

        A folder serves one process at a time: where another one works in it, it is waited for, and so is the
        training that a killed one has left, which saves itself and ends.

        Args:
            jobs: see `jobs`.
            after_each: called when a job has got its results.

        Raises:
            ValueError: the folder has runs of another scale, or a task cannot be read.
            FileNotFoundError: a task is not there.
            CommandFailedError: processes have failed; it names their rows and comes after all other rows. The
                processes' own messages are on the standard error.
            CommandStoppedError: a process was ended from outside.
        """
        failed = []
        # Read now: a task that is not there must not be noticed after days of training.
        tasks = self.tasks
        busy = f"Another process works in {self.output_dir!r}, and is waited for."
        with locked(self.output_dir, busy, wait=True) as held:
            self._check_settings()
            for number, job in enumerate(jobs, 1):
                missing = [spec for name, spec in tasks.items() if name not in self.scores(job)]
                if missing:
                    what = "Row %s, seed %d (%d of %d)."
                    logging.info(what, job.row.name, job.seed, number, len(jobs))
                    try:
                        self._finish(job, missing, held)
                    except CommandFailedError as error:
                        failed.append(f"{job.row.name} (seed {job.seed})")
                        logging.error("%s", error)
                    else:
                        after_each()
        if failed:
            raise CommandFailedError(
                f"Every row must end well. Received: failures of {', '.join(failed)}; their messages stand "
                "above. All other rows have results, and the same command tries these again."
            )

    def scores(self, job: Job) -> dict[str, float]:
        """Scores of a job by the name of the task, in percent; empty as long as there are none."""
        # The folder may have moved, or be called otherwise from another working directory.
        ending = os.path.join(os.sep, RUNS, job.run)
        return {
            record["task"]: 100 * record["mean"]
            for record in self._records()
            if record["task"] in self.tasks
            and (record["model"].endswith(ending) or record["model"] == job.run == RANDOM)
        }

    @functools.cached_property
    def tasks(self) -> dict[str, str]:
        """What `byola evaluate --tasks` takes, by the task's name in the results.

        Raises:
            FileNotFoundError, ValueError: a task is not there, or not as it must be; or two have one name.
        """
        how = {
            "cache_dir": self._embeddings,
            "check_counts": self.scale.probe_flags.get("check_counts") != "false",
        }
        tasks = [load_task(spec, self.scale.data_dir, **how) for spec in self.scale.tasks]
        check_names(tasks, self._records())
        return {task.name: spec for task, spec in zip(tasks, self.scale.tasks, strict=True)}

    def _records(self):
        return records.load(self.output_dir)

    @property
    def _embeddings(self):
        return os.path.join(self.output_dir, EMBEDDINGS)

    def _run(self, table, row, seed):
        name = run_name(table, row, self.scale.flags)
        return os.path.join(name, f"seed_{seed}") if row.trained else name

    def _workdir(self, job):
        return os.path.abspath(os.path.join(self.output_dir, RUNS, job.run))

    def _check_settings(self):
        path, wanted = os.path.join(self.output_dir, SETTINGS), json.loads(json.dumps(settings(self.scale)))
        if not os.path.exists(path):
            write_text(path, json.dumps(wanted, indent=1) + "\n")
            return
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
        names = differing(wanted, known)
        if names:
            received, expected = name_differences(names, wanted, known)
            raise ValueError(
                "All rows in a folder must be made in the same way, or they cannot be compared. Received: "
                f"{received}; {self.output_dir!r} was started with {expected}. Use these values, or another "
                "--output_dir."
            )

    def _finish(self, job, specs, held):
        """Trains what is not trained and evaluates it on tasks."""
        model = self._workdir(job)
        if job.row.trained:
            self._train(job, held)
        elif "encoder" in self.scale.flags:
            self._save_untrained(model)
        else:
            model = RANDOM
        flags = [
            f"--model={model}",
            f"--tasks={','.join(specs)}",
            f"--data_dir={self.scale.data_dir}",
            f"--output_dir={self.output_dir}",
            f"--cache_dir={self._embeddings}",
            *(f"--{name}={value}" for name, value in self.scale.probe_flags.items()),
        ]
        run_command("evaluate", flags, [held])

    def _train(self, job, held):
        workdir = self._workdir(job)
        marker = os.path.join(workdir, _TRAINED)
        if not os.path.exists(marker):
            steps = self._train_to_the_end(job, workdir, held)
            write_text(marker, json.dumps({"steps": steps}) + "\n")
        # Checkpoints of a full-size run take 0.4 GB, and nothing is left to resume.
        shutil.rmtree(os.path.join(workdir, "checkpoints"), ignore_errors=True)

    def _train_to_the_end(self, job, workdir, held):
        """Trains to the last step, and returns its number.

        A training that something else has told to stop saves itself and ends as well as one that is done. By
        epochs, of which only the training knows the steps, the end is where no more steps come.
        """
        flags = {**self.scale.flags, **job.row.flags, "seed": str(job.seed), "workdir": workdir}
        arguments = [f"--{name}={value}" for name, value in flags.items()]
        arguments += [f"--audio_dir={folder}" for folder in self.scale.audio_dir]
        while True:
            before = metrics_file.steps_done(workdir)
            run_command("pretrain", arguments, [held])
            done = metrics_file.steps_done(workdir)
            if done == int(flags.get("steps", before)):
                return done
            if done == before:
                raise CommandStoppedError(
                    f"A row must be trained to its end. Received: {done} of {flags['steps']} steps in "
                    f"{workdir!r}, where the training was stopped; the same command goes on."
                )

    def _save_untrained(self, folder):
        """Saves the scale's encoder as it is before training; `byola evaluate` knows the default one only."""
        from byola_keras.models.preset import EMBEDDER_FILE  # noqa: PLC0415
        from byola_keras.models.untrained import untrained_embedder  # noqa: PLC0415
        from byola_keras.training.build_model import make_encoder  # noqa: PLC0415

        os.makedirs(folder, exist_ok=True)
        embedder = untrained_embedder(make_encoder(recipe_of(self.scale.flags)))
        with replacing(os.path.join(folder, EMBEDDER_FILE)) as temporary:
            embedder.save(temporary)
