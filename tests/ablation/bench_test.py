"""The bench: no row is lost or made twice, whatever is killed and whichever tables share it."""

import dataclasses
import json
import os
import pathlib

import pytest

from byola_keras.ablation import bench, report, scales, tables
from byola_keras.ablation.child import CommandFailedError, CommandStoppedError
from byola_keras.evaluation import records
from tests.evaluation.tones import write_task
from tests.workdirs import write_metrics

VI, XI, XII, XIII = (tables.TABLES[number] for number in ("VI", "XI", "XII", "XIII"))
STEPS = 3


class Killed(BaseException):
    """What ends a process in the midst."""


class Commands:
    """Stands for `byola pretrain` and `byola evaluate`: notes what is asked for and leaves what they leave.

    `ends` are steps after which the first trainings end before their time.
    """

    def __init__(self, ends=(), kill_at=None):
        self.trained, self.evaluated = [], []
        self.ends, self.kill_at, self.moments = list(ends), kill_at, 0

    def __call__(self, name, arguments, held=()):
        os.fstat(held[0])
        given = dict(argument.removeprefix("--").split("=", 1) for argument in arguments)
        self._moment()
        getattr(self, f"_{name}")(given)
        self._moment()

    def _moment(self):
        self.moments += 1
        if self.moments == self.kill_at:
            raise Killed

    def _pretrain(self, given):
        self.trained.append(given)
        workdir = pathlib.Path(given["workdir"])
        (workdir / "checkpoints").mkdir(parents=True, exist_ok=True)
        steps = self.ends.pop(0) if self.ends else STEPS
        write_metrics(workdir, steps)

    def _evaluate(self, given):
        for spec in given["tasks"].split(","):
            self._moment()
            self.evaluated.append((given["model"], spec))
            record = {
                "task": "csv_" + spec.split("/")[-1].replace(".csv:", "_"),
                "title": spec,
                "task_file": spec.split(":")[1],
                "model": given["model"],
                "metric": "accuracy",
                "mean": 0.5,
                "ci95": 0.0,
                "protocol": "window",
                "comparable": False,
            }
            records.append(given["output_dir"], record)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return write_task(tmp_path_factory.mktemp("task"), 15)


@pytest.fixture
def make(task, tmp_path):
    def make(folder="out", **flags):
        tasks = tuple(f"csv:{task}:{column}" for column in ("pitch", "kinds"))
        flags = {"steps": str(STEPS), "global_batch_size": "64", **flags}
        flags = {name: value for name, value in flags.items() if value}
        return bench.Bench(str(tmp_path / folder), scales.Scale("tiny", flags, ("sounds",), tasks))

    return make


@pytest.fixture
def run(monkeypatch):
    def run(on, jobs, **settings):
        commands = Commands(**settings)
        monkeypatch.setattr(bench, "run_command", commands)
        done = []
        on.run(jobs, lambda: done.append(1))
        assert len(done) == len({model for model, _ in commands.evaluated})
        return commands

    return run


def test_every_row_and_seed_once(make, run):
    on = make()
    jobs = on.jobs(VI, ["a", "f", "random", "a"], 2)
    names = [(job.row.name, job.seed) for job in jobs]
    assert names == [("a", 0), ("f", 0), ("random", 0), ("a", 1), ("f", 1)]
    commands = run(on, jobs)
    assert [given["seed"] for given in commands.trained] == ["0", "0", "1", "1"]
    assert [given.get("augmentation") for given in commands.trained[:2]] == [
        None,
        "RandomResizeCrop BatchStandardization",
    ]
    assert len(commands.evaluated) == len(set(commands.evaluated)) == 2 * len(jobs)
    assert {tuple(on.scores(job).values()) for job in jobs} == {(50.0, 50.0)}
    again = run(on, jobs)
    assert not again.trained and not again.evaluated


def test_killed_at_any_moment(make, run):
    """A row is two commands, and each of them may be killed before, in and after its work."""
    killed = 0
    while True:
        on = make(f"out_{killed}")
        jobs = on.jobs(VI, ["a", "g"], 1)
        try:
            run(on, jobs, kill_at=killed + 1)
            break
        except Killed:
            killed += 1
        commands = run(make(f"out_{killed - 1}"), jobs)
        results = records.load(on.output_dir)
        assert len({(result["model"], result["task"]) for result in results}) == len(results) == 4
        assert len(commands.trained) <= 2
        assert not list(pathlib.Path(on.output_dir).glob("runs/*/*/checkpoints"))
    assert killed == 12


def test_trained_run_is_not_trained_again_for_another_task(make, run):
    on = make()
    few = bench.Bench(on.output_dir, dataclasses.replace(on.scale, tasks=on.scale.tasks[:1]))
    run(few, few.jobs(VI, ["a"], 1))
    commands = run(on, on.jobs(VI, ["a"], 1))
    assert not commands.trained and [spec for _, spec in commands.evaluated] == [on.scale.tasks[1]]


@pytest.mark.parametrize("flags", [{}, {"steps": None, "epochs": "3"}])
def test_training_that_was_told_to_stop_goes_on(make, run, flags):
    """It has saved its state and ended well."""
    on = make(**flags)
    run(on, on.jobs(VI, ["a"], 1), ends=[1, 2])
    (marker,) = pathlib.Path(on.output_dir).glob("runs/*/*/trained.json")
    assert json.loads(marker.read_text()) == {"steps": STEPS}


def test_training_that_is_told_to_stop_at_once_is_not_done(make, run):
    on = make()
    with pytest.raises(CommandStoppedError, match="Received: 1 of 3 steps in"):
        run(on, on.jobs(VI, ["a"], 1), ends=[1, 1])
    assert not list(pathlib.Path(on.output_dir).glob("runs/*/*/trained.json"))
    assert len(run(on, on.jobs(VI, ["a"], 1)).trained) == 1


def test_tables_share_runs_of_one_recipe(make, run):
    on = make()
    run(on, on.jobs(VI, ["a", "random"], 1))
    assert not run(on, on.jobs(XI, ["tau_0.99", "random"], 1)).evaluated
    assert len(run(on, on.jobs(XI, ["tau_0.0"], 1)).trained) == 1
    assert not run(on, on.jobs(XII, ["base", "target_online"], 1)).evaluated


@pytest.mark.parametrize("size", ["64", "256"])
def test_base_of_the_batch_sizes_is_the_scales(make, size):
    on = make(global_batch_size=size)
    runs = {job.row.name: job.run for job in on.jobs(XIII, [], 1)}
    assert [name for name, of_row in runs.items() if of_row.startswith("base")] == [f"batch_{size}"]
    assert len(set(runs.values())) == 5


def test_results_of_other_folders_stay_there(make, run):
    run(make("one"), make("one").jobs(VI, ["a"], 1))
    other = make("two")
    (job,) = other.jobs(VI, ["a"], 1)
    assert not other.scores(job)
    assert len(run(other, [job]).trained) == 1


def test_moved_folder_keeps_its_results(make, run):
    on = make("one")
    run(on, on.jobs(VI, ["a"], 1))
    os.rename(on.output_dir, make("two").output_dir)
    assert not run(make("two"), on.jobs(VI, ["a"], 1)).evaluated


def test_rows_of_another_scale_are_refused(make, run):
    run(make(), make().jobs(VI, ["a"], 1))
    other = make(learning_rate="0.1", checkpoint_every="5", steps="9")
    with pytest.raises(ValueError, match="in the same way") as caught:
        run(other, other.jobs(VI, ["f"], 1))
    assert "Received: steps='9', learning_rate='0.1';" in str(caught.value)
    assert "started with steps='3', learning_rate=None" in str(caught.value)
    # What does not change a result may differ.
    other = make(checkpoint_every="5")
    run(other, other.jobs(VI, ["f"], 1))


def test_all_jobs_are_those_of_earlier_calls_too(make, run):
    on = make()
    assert {job.seed for job in on.all_jobs(VI)} == {0}
    run(on, on.jobs(VI, ["f", "random"], 2))
    assert [(o.row.name, len(o.averages)) for o in report.outcomes(on, on.all_jobs(VI))] == [
        ("f", 2),
        ("random", 1),
    ]


def test_tasks_of_one_name(make, run, task, tmp_path):
    on = make()
    run(on, on.jobs(VI, ["a"], 1))
    (tmp_path / "other").mkdir()
    other_task = write_task(tmp_path / "other", 15)
    for tasks in ([f"csv:{other_task}:pitch"], [f"csv:{task}:pitch", f"csv:{other_task}:pitch"]):
        other = bench.Bench(on.output_dir, dataclasses.replace(on.scale, tasks=tasks))
        with pytest.raises(ValueError, match="must have different names. Received: .*csv_"):
            run(other, other.jobs(VI, ["a"], 1))


def test_missing_task_is_noticed_before_the_training(make, run):
    on = make()
    on = bench.Bench(on.output_dir, dataclasses.replace(on.scale, tasks=("esc50",), data_dir="nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run(on, on.jobs(VI, ["a"], 1))
    assert not os.path.exists(on.output_dir)


def test_failed_row_does_not_keep_the_others_from_their_turn(make, monkeypatch):
    on, commands = make(), Commands()

    def sometimes_fails(name, arguments, held=()):
        if any(argument.startswith("--augmentation=") for argument in arguments):
            raise CommandFailedError("no way")
        commands(name, arguments, held)

    monkeypatch.setattr(bench, "run_command", sometimes_fails)
    jobs, written = on.jobs(VI, ["d", "a", "random"], 2), []
    with pytest.raises(CommandFailedError, match=r"d \(seed 0\), d \(seed 1\)"):
        on.run(jobs, lambda: written.append(1))
    assert len(written) == 3
    assert [job.row.name for job in jobs if on.scores(job)] == ["a", "random", "a"]

    monkeypatch.setattr(bench, "run_command", commands)
    on.run(jobs, lambda: written.append(1))
    assert len(written) == 5
