"""Exports a trained encoder for TensorFlow Serving and LiteRT, and proves that the files answer as it does.

    python tools/export.py --model=runs/mine --output_dir=exported --verify_audio=sounds

Writes saved_model/NAME/VERSION/, litert/NAME_{float32,float16,int8}.tflite and verify.json into the output
directory. docs/serving.md says how to use them.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags, logging

_FORMATS = ("saved_model", "litert")

_MODEL = flags.DEFINE_string("model", None, "A .keras file, a working directory of pretrain.py or a preset.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the files.")
_FORMATS_FLAG = flags.DEFINE_list("formats", list(_FORMATS), f"Some of {', '.join(_FORMATS)}.")
_NAME = flags.DEFINE_string("name", "byola", "Of the model, as TensorFlow Serving will call it.")
_VERSION = flags.DEFINE_integer("version", 1, "Of the SavedModel. TensorFlow Serving takes the highest.", 1)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace a version that is there.")
_LITERT_INPUT = flags.DEFINE_enum(
    "litert_input",
    "waveform",
    ["waveform", "logmel"],
    "What the LiteRT files take. logmel: for devices that make it themselves; adds a file that computes in "
    "8-bit integers.",
)

# Verification
_VERIFY = flags.DEFINE_bool(
    "verify", True, "Run each file in a process of its own and compare; beyond its tolerance nothing is kept."
)
_VERIFY_AUDIO = flags.DEFINE_multi_string(
    "verify_audio",
    [],
    "Sound to compare on, beside silence, noise and a tone: folder, pattern or file. Repeatable. It also "
    "sets the ranges of 8-bit integers.",
)

flags.mark_flags_as_required(["model", "output_dir"])


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    import byola_keras
    from byola_keras.export.exporting import VERIFICATION_FILE, export
    from byola_keras.export.verify import table

    logging.set_verbosity(logging.ERROR)
    try:
        report = export(
            byola_keras.load(_MODEL.value),
            _OUTPUT_DIR.value,
            formats=_FORMATS_FLAG.value,
            name=_NAME.value,
            version=_VERSION.value,
            litert_input=_LITERT_INPUT.value,
            overwrite=_OVERWRITE.value,
            verified=_VERIFY.value,
            audio=_VERIFY_AUDIO.value,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("Interrupted; nothing was exported.", file=sys.stderr)
        sys.exit(130)
    if report:
        print(table(report))
    where = f"The files are in {_OUTPUT_DIR.value}"
    print(f"{where}; {VERIFICATION_FILE} has all figures." if report else f"{where}. They were not verified.")


if __name__ == "__main__":
    app.run(main)
