"""Tiny pre-training runs, and what they leave in their working directories."""

import csv
import dataclasses
import pathlib
import shutil

from byola_keras.training import metrics_file
from byola_keras.training.recipe import Recipe, Runtime, Sound
from byola_keras.training.run import pretrain

# Most of the time of a short run goes into making the graph of its step.
SMALLEST_ENCODER = "Encoder(conv_blocks=1, channels=4, mlp_units=(16, 16))"

# A run of a few seconds, by the names of the fields of sound, recipe and runtime.
TINY_RUN = {
    "steps": 4,
    "global_batch_size": 8,
    "norm_crops": 32,
    "summary_every": 0,
    "workers": 2,
    "encoder": "Encoder(channels=4, mlp_units=(16, 16))",
    "projection_units": (32, 8),
    "augmentation": ("LogMixupExp(memory_size=16)", *Recipe.augmentation[1:]),
}


def train(workdir, *audio_dir, flags_text="", dry_run=False, **settings):
    """Pre-trains as `TINY_RUN` says; `settings` are other values of fields of sound, recipe or runtime."""
    given = {**TINY_RUN, **settings, "audio_dir": tuple(map(str, audio_dir))}
    parts = [
        part(
            **{field.name: given.pop(field.name) for field in dataclasses.fields(part) if field.name in given}
        )
        for part in (Sound, Recipe, Runtime)
    ]
    assert not given, f"no such fields: {given}"
    pretrain(str(workdir), *parts, flags_text, dry_run)


def copy_as_killed_after(workdir, step, copy):
    """Copies what a run has left, as if it had been killed before its next checkpoint after `step`.

    Rows of later steps stay, as after a kill: the run that goes on must replace them.
    """
    shutil.copytree(workdir, copy)
    checkpoints = pathlib.Path(copy) / "checkpoints"
    # The list names what is removed; without it the newest file counts.
    (checkpoints / "checkpoint").unlink()
    later = [path for path in checkpoints.iterdir() if int(path.name.split("-")[1].split(".")[0]) > step]
    assert later and len(later) < len(list(checkpoints.iterdir())), (
        f"step {step} must be there, and later ones"
    )
    for path in later:
        path.unlink()


def losses(workdir):
    """The losses of all steps as they are written; every step must have its row, in order."""
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    return [row["loss"] for row in rows]


def write_metrics(workdir, steps):
    """Writes what a training of so many steps leaves."""
    file = metrics_file.MetricsFile(str(workdir), 0)
    for step in range(1, steps + 1):
        file.write({**dict.fromkeys(metrics_file.COLUMNS, 1.0), "step": step})
    file.close()
