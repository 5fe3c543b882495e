"""A stage of a trial: `byola pretrain` up to a number of steps, then `byola evaluate`."""

import os
import shutil

import numpy as np

from byola_keras.ablation.child import CommandStoppedError, run_command
from byola_keras.ablation.scales import Scale
from byola_keras.ablation.search import RUN, Stage
from byola_keras.evaluation import records
from byola_keras.training import metrics_file


def score_stage(scale: Scale, stage: Stage) -> float:
    """Trains a trial on to the steps of a stage and probes it; what is done already is not done again.

    Args:
        scale: sound, flags and tasks of all trials.
        stage: what is to be done.

    Returns:
        The mean score over the tasks, in percent.

    Raises:
        CommandFailedError: training or evaluation have failed.
        CommandStoppedError: one of them was ended from outside.
    """
    workdir = os.path.join(stage.folder, RUN)
    results = os.path.join(stage.folder, f"step_{stage.steps}")
    scores = _scores(results)
    if len(scores) < len(scale.tasks):
        run_command("pretrain", pretrain_flags(scale, stage, workdir), stage.held)
        _check_trained(workdir, stage.steps)
        run_command("evaluate", _evaluate_flags(scale, workdir, results), stage.held)
        # They are those of this stage only.
        shutil.rmtree(os.path.join(results, "embeddings"), ignore_errors=True)
        scores = _scores(results)
    return float(np.mean(list(scores.values())))


def settings(scale: Scale) -> dict:
    """What scores depend on besides parameters and steps, for `Search.settings`."""
    return {
        **{name: value for name, value in scale.flags.items() if name != "steps"},
        "audio_dir": list(scale.audio_dir),
        "tasks": list(scale.tasks),
        **{f"probe_{name}": value for name, value in scale.probe_flags.items()},
    }


def pretrain_flags(scale: Scale, stage: Stage, workdir: str) -> list[str]:
    """The flags of `byola pretrain` for a stage."""
    own = {"augmentation": stage.augmentation, "steps": stage.steps, "workdir": workdir}
    flags = {**scale.flags, **own}
    return [f"--{name}={value}" for name, value in flags.items()] + [
        f"--audio_dir={folder}" for folder in scale.audio_dir
    ]


def _evaluate_flags(scale, workdir, results):
    return [
        f"--model={workdir}",
        f"--tasks={','.join(scale.tasks)}",
        f"--data_dir={scale.data_dir}",
        f"--output_dir={results}",
        *(f"--{name}={value}" for name, value in scale.probe_flags.items()),
    ]


def _scores(results):
    """Scores by task, in percent. The folder has one model; a repeated task counts once."""
    return {record["task"]: 100 * record["mean"] for record in records.load(results)}


def _check_trained(workdir, steps):
    """A training that was told to stop has saved its state and ended well, but is not what was asked for."""
    done = metrics_file.steps_done(workdir)
    if done < steps:
        raise CommandStoppedError(
            f"A stage must be trained to its end. Received: {done} of {steps} steps in {workdir!r}, where "
            "the training was stopped; the same command goes on."
        )
