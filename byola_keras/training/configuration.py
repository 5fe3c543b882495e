"""A working directory belongs to one process at a time and to one configuration for good."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator

from byola_keras import folder_lock
from byola_keras.atomic import remove_partials, write_text
from byola_keras.differences import name_differences
from byola_keras.training import blocks, checkpoints, full_disk, metrics_file
from byola_keras.training.recipe import Recipe, Sound

FILE_NAME = "configuration.json"
FLAGS_FILE = "flags.txt"

# Fields of the sound that the stream is a function of; which files or clips it has, the stream says itself.
_SOUND_FIELDS = ("crop_seconds", "crops_per_clip", "views", "balance", "balance_depth")
# Fields of the recipe that the statistics of the log-mel are a function of, beside the sound.
_STATISTICS_FIELDS = ("norm_crops", "seed", "init_from", "init_statistics")
# What runs from before blocks were written as text call the parameters of their blocks.
_ENCODER_KEYS = ("channels", "mlp_units")
_MEMORY_KEY = "memory_size"
_MEMORY_BLOCK = "LogMixupExp"
_SYNCHRONIZED_KEY = "synchronized"


@contextlib.contextmanager
def locked(workdir: str) -> Iterator[None]:
    """Holds the working directory; the lock ends with the process, however it ends.

    What killed processes have left half-written goes, and a full disk is told in one clear error.

    Raises:
        ValueError: another process trains in it.
        OSError: the disk is full.
    """
    busy = (
        f"A working directory serves one process at a time. Received: workdir={workdir!r}, in which another "
        "process is training; wait for it, end it, or take another directory."
    )
    with full_disk.clear_errors(workdir), folder_lock.locked(workdir, busy):
        remove_partials(workdir)
        yield


def describe(sound: Sound, recipe: Recipe, stream) -> dict:
    """What a run is, JSON values by name: its recipe with all parameters of the blocks, and its sound.

    Args:
        sound: of the run.
        recipe: of the run.
        stream: the open stream, whose `recipe()` identifies its files or clips.
    """
    described = {
        **{name: getattr(sound, name) for name in _SOUND_FIELDS},
        **dataclasses.asdict(recipe),
        "augmentation": [blocks.complete(text) for text in recipe.augmentation],
        "encoder": blocks.complete(recipe.encoder),
        "model": _complete_model(recipe.model),
        **stream.recipe(),
    }
    return json.loads(json.dumps(described))


def check(workdir: str, configuration: dict, former: dict | None = None) -> bool:
    """Compares the configuration with the one that the run in `workdir` was started with, if any.

    A name that one of them lacks counts with the default of its field: a run from before the field existed
    resumes. Fields that may change, such as the number of steps, are not compared. A start that ended before
    its first checkpoint, without a row in `metrics.csv`, binds nobody.

    Args:
        workdir: an existing folder.
        configuration: of `describe`.
        former: other values that mean the same, as older versions wrote them.

    Returns:
        Whether the statistics in `workdir`, if there are any, are those of this configuration.

    Raises:
        ValueError: the run was started with other values.
    """
    path = os.path.join(workdir, FILE_NAME)
    if not os.path.exists(path):
        return True
    with open(path, encoding="utf-8") as file:
        started_with = _completed(json.load(file))
    wanted = _completed(configuration)
    former = {**wanted, **(former or {})}
    names = [name for name in wanted if started_with.get(name) not in (wanted[name], former[name])]
    names += [name for name in started_with if name not in wanted]
    if names and _has_begun(workdir):
        received, expected = name_differences(names, wanted, started_with)
        raise ValueError(
            f"A run must be resumed with the configuration that it was started with. Received: {received}; "
            f"the run in {workdir!r} was started with {expected}. Use the values that it was started with, "
            f"as --flagfile={os.path.join(workdir, FLAGS_FILE)} does, and the same sound files, or another "
            "working directory."
        )
    without_statistics = {field.name for field in dataclasses.fields(Recipe)} - {*_STATISTICS_FIELDS}
    return without_statistics.issuperset(names)


def recorded(workdir: str, name: str):
    """What the run in `workdir` was started with; None where there is none or it has no such value.

    As in `check`, a start that ended before its first checkpoint does not count.
    """
    path = os.path.join(workdir, FILE_NAME)
    if not (os.path.exists(path) and _has_begun(workdir)):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file).get(name)


def _has_begun(workdir):
    """Whether there is something to resume."""
    saved = os.path.join(workdir, checkpoints.FOLDER)
    return bool(metrics_file.steps_done(workdir) or (os.path.isdir(saved) and os.listdir(saved)))


def save(workdir: str, configuration: dict) -> None:
    """Writes the configuration of the run."""
    write_text(os.path.join(workdir, FILE_NAME), json.dumps(configuration, indent=2) + "\n")


def _completed(configuration):
    """The configuration with the defaults of what it lacks, in the form of today, without what may change."""
    fields = {field.name: field for field in (*dataclasses.fields(Sound), *dataclasses.fields(Recipe))}
    compared = [*_SOUND_FIELDS, *(field.name for field in dataclasses.fields(Recipe))]
    defaults = json.loads(json.dumps({name: fields[name].default for name in compared}))
    completed = {**defaults, **_with_blocks(configuration)}
    completed["augmentation"] = [blocks.complete(text) for text in completed["augmentation"]]
    completed["encoder"] = blocks.complete(completed["encoder"])
    completed["model"] = _complete_model(completed["model"])
    may_change = {name for name, field in fields.items() if field.metadata["may_change"]}
    return {name: value for name, value in completed.items() if name not in may_change}


def _complete_model(text):
    """The model without what fields of their own say."""
    return blocks.complete(text, without={field.name for field in dataclasses.fields(Recipe)})


def _with_blocks(configuration):
    """A configuration from before blocks were written as text, in the form of today; any other as it is."""
    if _MEMORY_KEY not in configuration:
        return configuration
    kept = dict(configuration)
    encoder, augmentation = Recipe.encoder, list(Recipe.augmentation)
    for key in _ENCODER_KEYS:
        encoder = blocks.with_parameter(encoder, key, kept.pop(key))
    place = augmentation.index(_MEMORY_BLOCK)
    augmentation[place] = blocks.with_parameter(_MEMORY_BLOCK, _MEMORY_KEY, kept.pop(_MEMORY_KEY))
    synchronized = kept.pop(_SYNCHRONIZED_KEY)
    return {**kept, "encoder": encoder, "augmentation": augmentation, "sync_batch_norm": synchronized}
