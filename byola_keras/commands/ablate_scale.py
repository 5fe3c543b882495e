"""The scale of `byola ablate`: its flags, and what of a scale they change."""

import dataclasses
import os
import shlex

from absl import flags

from byola_keras.ablation.scales import NOTES, SCALES, Scale
from byola_keras.commands import command, common, evaluate, pretrain
from byola_keras.training.recipe import Recipe, Runtime, Sound

# Flags of `byola pretrain` that are flags of this command, too.
_OF_SCALE = ("steps", "epochs", "global_batch_size", "learning_rate", "precision")
_CORPUS = ("corpus", "data_dir")
# The command says them itself.
_NOT_OF_PRETRAIN = (*_OF_SCALE, *_CORPUS, "audio_dir", "file_list", "seed", "max_minutes")
_OF_PROBE = ("protocol", "learning_rate", "seeds", "split_csv", "check_counts")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of sound, steps and tasks."""
    define = common.definers(values)
    define.enum(
        "scale",
        "smoke",
        list(SCALES),
        "The scale. smoke: 100 steps on the quickstart's notes (byola render_notes makes them) or on "
        "--audio_dir; fsd50k: the paper's, 500 epochs on the prepared corpus fsd50k.",
    )
    common.sound_flag(values, "audio_dir", "The sound to pre-train on, in place of the scale's")
    common.tasks_flag(values, "Tasks in place of the scale's, as for byola evaluate.")
    define.string("data_dir", "datasets", "The folder that has a folder for each data set of the tasks.")
    define.integer("steps", None, "Training steps in place of the scale's.", 1)
    define.integer("epochs", None, "Passes over the sound in place of the scale's steps or epochs.", 1)
    define.integer("global_batch_size", None, "Clips in a step in place of the scale's.", 2)
    define.float("learning_rate", None, "Adam's step size in place of the scale's.", 0.0)
    define.enum("precision", None, _precisions(), "Precision of the networks, as for byola pretrain.")
    define.string(
        "pretrain_flags",
        "",
        "Further flags of byola pretrain for all rows, with spaces between them: "
        "'--norm_crops=1000 --crop_seconds=1.5'. A row's own win.",
    )
    define.string(
        "evaluate_flags",
        "",
        "Further flags of byola evaluate for all rows, with spaces between them: "
        "'--protocol=whole_clip --seeds=1,2'.",
    )


def _precisions():
    field = next(field for field in dataclasses.fields(Recipe) if field.name == "precision")
    return list(field.metadata["choices"])


def make_scale(values: flags.FlagValues) -> Scale:
    """The scale with what the flags change.

    Raises:
        ValueError: --pretrain_flags or --evaluate_flags are not flags of these commands, or not for all rows.
    """
    scale, tasks = SCALES[values.scale], common.tasks(values)
    own = {name: str(values[name].value) for name in _OF_SCALE if values[name].value is not None}
    own |= _further_flags(values, "pretrain_flags", pretrain.COMMAND, ["--workdir=any"], _of_pretrain())
    probe = _further_flags(values, "evaluate_flags", evaluate.COMMAND, _ANY_EVALUATION, _OF_PROBE)
    shared = {name: value for name, value in scale.flags.items() if not ("epochs" in own and name == "steps")}
    if values.audio_dir:
        shared = {name: value for name, value in shared.items() if name not in _CORPUS}
    runtime = {field.name for field in dataclasses.fields(Runtime)}
    changed = bool(set(own) - runtime or probe or values.audio_dir or tasks)
    return dataclasses.replace(
        scale,
        flags={**shared, **own},
        audio_dir=tuple(values.audio_dir) or scale.audio_dir,
        tasks=tuple(tasks) or scale.tasks,
        data_dir=values.data_dir,
        probe_flags={**scale.probe_flags, **probe},
        is_the_papers=scale.is_the_papers and not changed,
    )


def check_notes(scale: Scale) -> None:
    """Refuses a scale on the quickstart's notes where they are not there.

    Raises:
        FileNotFoundError: a folder or file of theirs is not there.
    """
    files = [spec.split(":")[1] for spec in scale.tasks if spec.startswith(f"csv:{NOTES}/")]
    for path in (*(folder for folder in scale.audio_dir if folder.startswith(f"{NOTES}/")), *files):
        if not os.path.exists(path):
            raise FileNotFoundError(
                f"The scale smoke works on the quickstart's notes. Received: no {path!r}. Make them by "
                f"{command.called('render_notes')} --output_dir={NOTES}, or give --audio_dir and --tasks of "
                "your own."
            )


_ANY_EVALUATION = ["--model=any", "--tasks=any", "--output_dir=any"]


def _of_pretrain():
    settings = (Sound, Recipe, Runtime)
    names = [field.name for setting in settings for field in dataclasses.fields(setting)]
    return [name for name in names if name not in _NOT_OF_PRETRAIN]


def _further_flags(values, name, of_command, required, allowed):
    """The flags of another command in the text of a flag, as text by name."""
    text = values[name].value
    rule = f"`{name}` must be flags of {command.called(of_command.name)} for all rows"
    try:
        given = given_flags(of_command, [*required, *shlex.split(text)])
    except (flags.Error, ValueError, OSError) as error:
        raise ValueError(f"{rule}. Received: {text!r}: {error}") from error
    given = {key: value for key, value in given.items() if f"--{key}={value}" not in required}
    foreign = [key for key in given if key not in allowed]
    if foreign:
        raise ValueError(
            f"{rule}: {', '.join(f'--{key}' for key in allowed)}. Received: "
            f"{', '.join(f'--{key}' for key in foreign)}"
        )
    return given


def given_flags(of_command: command.Command, arguments: list[str]) -> dict[str, str]:
    """The flags of a command that are given in its arguments, as text by name.

    Raises:
        absl.flags.Error: a flag is unknown, or its value is not allowed.
        ValueError, OSError: flags do not fit together.
    """
    values = flags.FlagValues()
    command.parse(of_command, arguments, values)
    return {flag.name: _as_text(flag) for flag in command.own_flags(of_command, values) if flag.present}


def _as_text(flag):
    return str(flag.value).lower() if flag.boolean else flag.serialize().partition("=")[2]
