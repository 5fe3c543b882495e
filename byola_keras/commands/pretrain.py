"""Pre-trains an encoder on sound files or on a prepared corpus.

    byola pretrain --audio_dir=sounds --workdir=runs/mine
    byola pretrain --flagfile=configs/audioset.flags

The same command again goes on where the run stopped.
"""

import dataclasses
import os

from absl import flags, logging

from byola_keras.commands import command, field_flags
from byola_keras.processes import leave
from byola_keras.training import blocks, tf_config
from byola_keras.training.recipe import Recipe, Runtime, Sound

_SETTINGS = (Sound, Recipe, Runtime)
_MIXUP = "LogMixupExp"
# Parts of TensorFlow that report on every checkpoint they shard and on every exchange they plan.
_TALKATIVE = ("functional_saver", "cross_device_ops", "collective_all_reduce_strategy", "mirrored_strategy")
# Flags for parameters of blocks, which the recipe has inside the texts of its blocks.
SHORT_FLAGS = ("channels", "mlp_units", "memory_size")


def define_flags(values):
    """Defines the flags of the command."""
    flags.DEFINE_string("workdir", None, "Folder of the run; made if it is not there.", flag_values=values)
    for settings in _SETTINGS:
        field_flags.define(settings, values)
    flags.DEFINE_integer(
        "channels",
        None,
        "Channels of the encoder's convolutions: short for the parameter in --encoder.",
        1,
        flag_values=values,
    )
    flags.DEFINE_list(
        "mlp_units",
        None,
        "Sizes of the encoder's perceptron, with commas between: short for the parameter in --encoder.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "memory_size",
        None,
        f"Past clips to mix with: short for the parameter of {_MIXUP} in --augmentation.",
        1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "stopped_exit_code",
        0,
        "Exit code of a run that SIGTERM, Ctrl-C or --max_minutes stops before its end. Managers of clusters "
        "take 0 for finished, and start again what ends with another.",
        0,
        255,
        flag_values=values,
    )
    flags.DEFINE_bool("dry_run", False, "Print sizes, time and memory, and stop.", flag_values=values)
    flags.mark_flag_as_required("workdir", values)
    flags.register_validator(
        "mlp_units",
        lambda units: units is None or all(unit.isdigit() and int(unit) > 0 for unit in units),
        "must be positive integers with commas between",
        flag_values=values,
    )


def run(values, arguments):
    """Pre-trains."""
    sound, recipe, runtime = (field_flags.build(settings, values) for settings in _SETTINGS)
    recipe = _with_short_flags(recipe, values)
    from byola_keras.training.run import pretrain

    logging.get_absl_handler().addFilter(lambda record: record.module not in _TALKATIVE)
    finished = pretrain(values.workdir, sound, recipe, runtime, _flags_text(values), values.dry_run)
    code = values.stopped_exit_code if finished is False and not values.dry_run else 0
    if tf_config.VARIABLE in os.environ:
        # At a normal end TensorFlow would wait for workers that have gone, for a minute.
        leave("", code)
    return code


def _with_short_flags(recipe, values):
    """The recipe with the parameters of blocks that have flags of their own."""
    encoder, augmentation = recipe.encoder, list(recipe.augmentation)
    if values.channels is not None:
        encoder = blocks.with_parameter(encoder, "channels", values.channels)
    if values.mlp_units is not None:
        encoder = blocks.with_parameter(encoder, "mlp_units", tuple(map(int, values.mlp_units)))
    if values.memory_size is not None:
        names = [blocks.parse(text).name for text in augmentation]
        if _MIXUP not in names:
            raise ValueError(
                f"`memory_size` needs the block {_MIXUP} in --augmentation. Received: "
                f"memory_size={values.memory_size}, augmentation={values.augmentation!r}"
            )
        augmentation = [
            blocks.with_parameter(text, "memory_size", values.memory_size) if name == _MIXUP else text
            for name, text in zip(names, augmentation, strict=True)
        ]
    return dataclasses.replace(recipe, encoder=encoder, augmentation=tuple(augmentation))


def _flags_text(values):
    """The command's flags as a flagfile that repeats the run."""
    own = command.own_flags(COMMAND, values)
    return "\n".join(flag.serialize() for flag in own if flag.value not in (None, [])) + "\n"


COMMAND = command.Command(
    "pretrain",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted before the training; there is nothing to save.",
    # Until the training, which saves first: a KeyboardInterrupt may be lost in TensorFlow's clean-up, and all
    # that is written is whole.
    ends_on_interrupt=True,
)
