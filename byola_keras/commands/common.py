"""Flags that several commands share, each with one text."""

import functools
import types

from absl import flags

from byola_keras.training.recipe import Recipe, Sound

_SOUND = "a folder of sound files (with all its subfolders), a glob pattern or a file. Repeatable."
_KINDS = ("bool", "enum", "float", "integer", "list", "multi_string", "string")


def definers(values: flags.FlagValues) -> types.SimpleNamespace:
    """Functions DEFINE_string, DEFINE_integer and so on of absl for `values`, as `.string`, `.integer`."""
    return types.SimpleNamespace(
        **{kind: functools.partial(getattr(flags, f"DEFINE_{kind}"), flag_values=values) for kind in _KINDS}
    )


def sound_flags(values: flags.FlagValues, name: str = "audio_dir") -> None:
    """Defines --audio_dir, or what `name` calls it, and --file_list."""
    sound_flag(values, name, "The sound")
    definers(values).string("file_list", None, "A text file with the path of a sound file on each line.")


def sound_flag(values: flags.FlagValues, name: str, what: str) -> None:
    """Defines a flag that names sound files.

    Args:
        values: where the flag is defined.
        name: name of the flag.
        what: the subject of its help text, such as "The sound".
    """
    definers(values).multi_string(name, [], f"{what}: {_SOUND}")


def model_flag(
    values: flags.FlagValues, without: str = "", others: bool = False, classifiers: bool = False
) -> None:
    """Defines --model for commands that take one embedder.

    Args:
        values: where the flag is defined.
        without: what happens where the flag is not given; empty where it is required.
        others: whether it takes models of others too.
        classifiers: whether it takes classifiers too.
    """
    definers(values).string(
        "model",
        None,
        "The embedder: an embedder.keras file, the working directory of a pre-training run, the folder or "
        "name of a preset (byola presets lists them), or its address on a hub (hf://USER/NAME, "
        "kaggle://USER/MODEL/FRAMEWORK/VARIATION)."
        + (" Or a model of somebody else, see byola evaluate --help." if others else "")
        + (
            " Or a classifier, the folder or file that byola classify train has written."
            if classifiers
            else ""
        )
        + (f" Default: {without}." if without else ""),
    )


def labels_flag(values: flags.FlagValues, without: str) -> None:
    """Defines --labels for commands that read labels of embedded sound.

    Args:
        values: where the flag is defined.
        without: what happens where the flag is not given.
    """
    definers(values).string(
        "labels",
        None,
        "CSV:COLUMN, a file of labels with a column file (or file_name), relative to its folder or as the "
        "embeddings name it, perhaps start and end in seconds, and the label in COLUMN (or label, labels). "
        f"Default: {without}.",
    )


def tasks_flag(values: flags.FlagValues, text: str) -> None:
    """Defines --tasks, which may be given several times and may hold several tasks; `text` explains it."""
    definers(values).multi_string("tasks", [], f"{text} Repeatable, or with commas between them.")


def tasks(values: flags.FlagValues) -> list[str]:
    """The tasks of --tasks, one a word."""
    words = [word.strip() for given in values.tasks for word in given.split(",")]
    return [word for word in words if word]


def crop_flags(values: flags.FlagValues) -> None:
    """Defines --norm_crops and --crop_seconds, over which the statistics of the log-mel are measured."""
    define = definers(values)
    define.integer(
        "norm_crops", Recipe.norm_crops, "Number of random crops over which the statistics are measured.", 1
    )
    define.float("crop_seconds", Sound.crop_seconds, "Length of a crop, in seconds.", 0.1, 60.0)


def json_flag(values: flags.FlagValues, what: str) -> None:
    """Defines --json, the file for `what`."""
    definers(values).string("json", None, f"The file, in JSON, for {what}.")


def write_json(path: str | None, value) -> None:
    """Writes `value` to the file that --json names, if it names one."""
    import json

    from byola_keras.atomic import write_text

    if path:
        write_text(path, json.dumps(value, indent=1) + "\n")


def make_folder_of(path: str | None) -> None:
    """Makes the folder of the file that --json names: an error comes now and not after hours."""
    import os

    if path:
        make_folder("json", os.path.dirname(os.path.abspath(path)))


def make_folder(flag: str, folder: str) -> None:
    """Makes a folder that the flag names, or that a file which it names is in.

    Raises:
        ValueError: the folder cannot be made.
    """
    import os

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"`--{flag}` must name a place that can be written to. Received: the folder {folder!r}, which "
            f"cannot be made ({error.strerror}). Name another one."
        ) from error


def hide_beam_reports() -> None:
    """Leaves out what Apache Beam reports of every state, channel and thread, but for --verbosity=1."""
    from absl import logging

    if not logging.vlog_is_on(1):
        logging.get_absl_handler().addFilter(lambda record: "apache_beam" not in record.pathname)


def hide_tracing_reports() -> None:
    """Leaves out TensorFlow's warnings of the number of its functions, of which each task has its own."""
    import logging

    logging.getLogger("tensorflow").setLevel("ERROR")
