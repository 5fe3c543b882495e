"""The search: trials are neither lost nor doubled, whatever is killed and however many processes run it."""

import collections
import csv
import os
import pathlib
import subprocess
import sys
import time

import pytest
from absl import flags

from byola_keras.ablation import search, search_report, search_space
from byola_keras.ablation.child import CommandFailedError, CommandStoppedError
from byola_keras.commands import ablate, command, pretrain
from byola_keras.folder_lock import locked
from byola_keras.training import blocks
from byola_keras.training.build_model import make_augmentation
from byola_keras.training.recipe import Recipe
from tests.ablation.search_process import LOG, STEPS, score, tiny_search
from tests.evaluation.tones import write_task
from tests.processes import finish, wait_until
from tests.sounds import write_sounds

ROOT = pathlib.Path(__file__).parents[2]


def start(folder, *arguments):
    arguments = [sys.executable, "-m", "tests.ablation.search_process", *map(str, [folder, *arguments])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def end(process):
    code, output = finish(process, seconds=600)
    assert code == 0, output
    return output


def stages(folder):
    """(trial, steps, process) of each stage that was finished."""
    path = folder / LOG
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []


def rows(folder):
    with open(folder / "trials.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_whole(folder, trials):
    """As many trials as wanted, all finished or pruned, each with parameters of its own."""
    table = rows(folder)
    assert sorted(int(row["trial"]) for row in table) == list(range(trials))
    assert {row["state"] for row in table} <= {"finished", "pruned"}
    assert len({tuple(row[name] for name in search_space.PARAMETERS) for row in table}) == trials
    reached = {int(row["trial"]): int(row["steps"]) for row in table}
    done = {(trial, steps) for trial, steps, _ in stages(folder)}
    assert done == {(trial, steps) for trial, last in reached.items() for steps in STEPS if steps <= last}


def test_search_finds_and_prunes(tmp_path):
    wanted = tiny_search(tmp_path, 30)
    study = search.run(wanted)
    text = search_report.write_report(study, wanted)
    check_whole(tmp_path, 30)
    assert len(stages(tmp_path)) == len(set(stages(tmp_path)))
    table = rows(tmp_path)
    assert any(row["state"] == "pruned" for row in table) and "pruned" in text
    first = next(row for row in table if row["trial"] == "0")
    assert {name: float(first[name]) for name in search_space.PARAMETERS} == search_space.printed_values()
    assert abs(float(table[0]["max_ratio"]) - 0.4) < 0.11
    assert float(table[0]["score"]) == max(float(row["score"]) for row in table if row["state"] == "finished")
    importances = search_report._importances(study)
    assert max(importances, key=importances.get) == "max_ratio"
    assert (tmp_path / "importances.png").read_bytes().startswith(b"\x89PNG")


def test_first_trial_is_the_papers_recipe():
    text = search_space.augmentation(search_space.printed_values())
    assert list(map(blocks.complete, blocks.split_blocks(text))) == list(
        map(blocks.complete, Recipe.augmentation)
    )


@pytest.mark.parametrize("end_of_range", ["low", "high"])
def test_ends_of_the_ranges_can_be_made(end_of_range):
    values = {name: getattr(each, end_of_range) for name, each in search_space.PARAMETERS.items()}
    text = blocks.split_blocks(search_space.augmentation(values))
    mixup, crop, fader, _ = make_augmentation(Recipe(augmentation=text)).layers
    assert (mixup.max_ratio, fader.gain) == (values["max_ratio"], values["gain"])
    assert crop.freq_scale == (values["freq_low"], values["freq_high"])
    assert crop.time_scale == (values["time_low"], values["time_high"])
    assert crop.virtual_crop_scale == (values["virtual_freq"], values["virtual_time"])


def test_killed_and_started_again(tmp_path):
    for count in (2, 9):
        process = start(tmp_path, 14)
        wait_until(lambda wanted=count: len(stages(tmp_path)) >= wanted, process)
        process.kill()
        process.communicate()
    assert "14 finished" not in end(start(tmp_path, 14))
    check_whole(tmp_path, 14)
    # A stage may have been scored and not yet been written down when the process was killed.
    again = collections.Counter((trial, steps) for trial, steps, _ in stages(tmp_path))
    assert sum(count - 1 for count in again.values()) <= 2


def test_two_processes_and_one_of_them_killed(tmp_path):
    first, second, third = (start(tmp_path, 18) for _ in range(3))
    wait_until(lambda: len({process for *_, process in stages(tmp_path)}) == 3, third)
    third.kill()
    third.communicate()
    end(first)
    end(second)
    check_whole(tmp_path, 18)
    shares = collections.Counter(process for *_, process in stages(tmp_path))
    assert shares[first.pid] > 2 and shares[second.pid] > 2
    again = collections.Counter((trial, steps) for trial, steps, _ in stages(tmp_path))
    assert sum(count - 1 for count in again.values()) <= 1


def test_real_trainings_end_with_a_killed_search_and_go_on(tmp_path):
    sounds = write_sounds(tmp_path / "sounds", 8)
    (tmp_path / "task").mkdir()
    arguments = (tmp_path / "out", sounds, f"csv:{write_task(tmp_path / 'task', 15)}:pitch")
    process = start(*arguments)
    trial = tmp_path / "out" / "trials" / "0000"
    wait_until((trial / "run" / "configuration.json").exists, process)
    process.kill()
    # The training ends by itself, and until then the trial is not free. A process that ends gives its locks
    # back one after the other.
    with locked(str(trial), "", wait=True):
        time.sleep(0.5)
        with locked(str(trial / "run"), "The training goes on without its search."):
            pass
    output = end(start(*arguments))
    assert "Trial 0 goes on where it was left." in output
    (row,) = rows(tmp_path / "out")
    assert row["state"] == "finished" and row["steps"] == "2" and 0 < float(row["score"]) <= 100
    assert {"step_1", "step_2"} <= set(os.listdir(trial))
    assert [line.split(",")[0] for line in (trial / "run" / "metrics.csv").read_text().splitlines()[1:]] == [
        "1",
        "2",
    ]
    assert (tmp_path / "out" / "best.flags").exists()


def test_more_trials_later(tmp_path):
    search.run(tiny_search(tmp_path, 3))
    wanted = tiny_search(tmp_path, 5)
    search_report.write_report(search.run(wanted), wanted)
    check_whole(tmp_path, 5)
    before = stages(tmp_path)
    search.run(wanted)
    assert stages(tmp_path) == before


def test_other_settings_are_refused(tmp_path):
    search.run(tiny_search(tmp_path, 1))
    with pytest.raises(
        ValueError, match=r"in the same way.*Received: tasks=\['b'\];.*started with tasks=\['a"
    ):
        search.run(tiny_search(tmp_path, 1, tasks=["b"]))


def test_trial_that_is_held_is_waited_for(tmp_path, monkeypatch):
    """What a killed process has left may still be saving."""
    held = []

    def interrupted(stage):
        held.extend(os.dup(descriptor) for descriptor in stage.held)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(tiny_search(tmp_path, 1, interrupted))
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            os.close(held.pop())

    monkeypatch.setattr(search.time, "sleep", sleep)
    calls = []
    search.run(tiny_search(tmp_path, 1, lambda stage: calls.append(stage.steps) or 1.0))
    assert calls == list(STEPS) and len(waits) == 3


def test_failed_trials_are_replaced(tmp_path):
    def fails_at_times(stage):
        if stage.folder.endswith(("2", "4", "5")):
            raise CommandFailedError("no way")
        return score(stage)

    wanted = tiny_search(tmp_path, 4, fails_at_times)
    search_report.write_report(search.run(wanted), wanted)
    states = {row["trial"]: row["state"] for row in rows(tmp_path)}
    assert [states[str(number)] for number in (2, 4, 5)] == ["failed"] * 3
    assert sum(state in ("finished", "pruned") for state in states.values()) == 4


def test_failures_that_are_not_of_the_parameters_end_the_search(tmp_path):
    def fails(stage):
        raise CommandFailedError("disk full")

    with pytest.raises(CommandFailedError, match="disk full"):
        search.run(tiny_search(tmp_path, 9, fails))
    search.run(tiny_search(tmp_path, 2))
    with pytest.raises(CommandFailedError, match="disk full"):
        search.run(tiny_search(tmp_path, 9, fails))
    wanted = tiny_search(tmp_path, 3)
    search_report.write_report(search.run(wanted), wanted)
    states = collections.Counter(row["state"] for row in rows(tmp_path))
    # Two of the three that failed in a row were given up, the last one was gone on with.
    assert states["failed"] == 2 and states["finished"] + states["pruned"] == 3


def test_trial_whose_training_was_stopped_is_left_open(tmp_path):
    def stopped(stage):
        if stage.folder.endswith("1") and stage.steps == STEPS[1]:
            raise CommandStoppedError("killed")
        return score(stage)

    with pytest.raises(CommandStoppedError):
        search.run(tiny_search(tmp_path, 2, stopped))
    wanted = tiny_search(tmp_path, 2)
    search_report.write_report(search.run(wanted), wanted)
    check_whole(tmp_path, 2)
    assert len(stages(tmp_path)) == len(set(stages(tmp_path)))


def test_best_flags_are_flags_of_pretrain(tmp_path):
    wanted = tiny_search(tmp_path, 6)
    study = search.run(wanted)
    search_report.write_report(study, wanted)
    values = flags.FlagValues()
    arguments = [f"--flagfile={tmp_path / 'best.flags'}", "--workdir=w", "--audio_dir=a"]
    command.parse(pretrain.COMMAND, arguments, values)
    recipe = Recipe(augmentation=blocks.split_blocks(values.augmentation))
    assert make_augmentation(recipe).layers[0].max_ratio == round(study.best_trial.params["max_ratio"], 6)
    text = (tmp_path / "best.flags").read_text()
    assert f"of 6 trials: trial {study.best_trial.number}," in text and "tasks=['a']" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--search"], "--search needs --output_dir"),
        (["--search", "--table=VI", "--output_dir=x"], "takes the place of --table"),
    ],
)
def test_wrong_requests(arguments, message):
    with pytest.raises(ValueError, match=message):
        command.parse(ablate.COMMAND, arguments, flags.FlagValues())
