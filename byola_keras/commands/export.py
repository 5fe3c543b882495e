"""Exports a model for TensorFlow Serving and LiteRT, and proves that the files answer as it does.

    byola export --model=runs/mine --output_dir=exported --verify_audio=sounds

The output directory gets saved_model/NAME/VERSION/, litert/NAME_{float32,float16,int8}.tflite and
verify.json. docs/serving.md says how to use them.
"""

import re

from absl import flags, logging

from byola_keras.commands import common
from byola_keras.commands.command import Command

_FORMATS = ("saved_model", "litert")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    common.model_flag(values, classifiers=True)
    define.string("output_dir", None, "The folder for the files.")
    define.list("formats", list(_FORMATS), f"Formats to write, some of {', '.join(_FORMATS)}.")
    define.string("name", "byola", "Name of the model, by which TensorFlow Serving will call it.")
    define.integer(
        "version", 1, "Version of the SavedModel; TensorFlow Serving takes the highest that is there.", 1
    )
    define.bool("overwrite", False, "Replace a version that is there.")
    define.string(
        "litert_input",
        "waveform",
        "Input of the LiteRT files: waveform; logmel, for devices that compute it themselves, which adds a "
        "file that computes in 8-bit integers; window=SECONDS, one waveform of that length at a time, or "
        "window, one of a classifier's own window, for programs without open shapes, such as LiteRT.js in a "
        "browser.",
    )

    # Verification
    define.bool(
        "verify",
        True,
        "Run each file in a process of its own and compare its answers; a file beyond its tolerance is not "
        "kept.",
    )
    common.sound_flag(
        values,
        "verify_audio",
        "Sound to compare on, beside silence, noise and a tone, which also sets the ranges of 8-bit "
        "integers; of many files 32, spread evenly, are taken, and the first 10 s of each",
    )
    flags.mark_flags_as_required(["model", "output_dir"], values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses another input of the LiteRT files."""
    if not re.fullmatch(r"waveform|logmel|window(=[\d.]+)?", values.litert_input):
        raise ValueError(
            "--litert_input must be waveform, logmel, window or window=SECONDS. Received: "
            f"litert_input={values.litert_input}"
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Exports the embedder and prints the table of the verification."""
    from byola_keras.export.exporting import VERIFICATION_FILE, export
    from byola_keras.export.verify import table
    from byola_keras.models.load import load_any

    if not logging.vlog_is_on(1):
        # TensorFlow reports on every function that it saves.
        logging.set_verbosity(logging.ERROR)
    report = export(
        load_any(values.model),
        values.output_dir,
        formats=values.formats,
        name=values.name,
        version=values.version,
        litert_input=values.litert_input,
        overwrite=values.overwrite,
        verified=values.verify,
        audio=values.verify_audio,
    )
    if report:
        print(table(report))
    where = f"The files are in {values.output_dir}"
    print(f"{where}; {VERIFICATION_FILE} has all figures." if report else f"{where}. They were not verified.")


COMMAND = Command(
    "export",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; nothing was exported.",
    tensorflow_log_level="3",
)
