"""Checks sound files before a long run: what cannot be read, and what should not be trained on.

    python tools/check_audio.py --audio_dir=sounds --json=report.json

Exits with 1 if anything is unreadable.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# After Ctrl-C Python's own helper process would report what the workers left to it.
os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")

from absl import app, flags, logging

_AUDIO_DIR = flags.DEFINE_multi_string(
    "audio_dir", [], "Folder of sound files (with all subfolders), glob pattern or file. Repeatable."
)
_FILE_LIST = flags.DEFINE_string("file_list", None, "Text file with the path of a sound file a line.")
_SHORTEST_SECONDS = flags.DEFINE_float(
    "shortest_seconds", 0.064, "What is shorter is too short. Default: a window of the front end.", 0.0
)
_WORKERS = flags.DEFINE_integer("workers", None, "Processes. Default: one a core.", 1)
_JSON = flags.DEFINE_string("json", None, "File for all findings.")


def main(argv):
    try:
        _check(argv)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr, flush=True)
        os._exit(130)


def _check(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    from byola_keras.atomic import write_text
    from byola_keras.audio.data_check import DataCheck, check_files
    from byola_keras.audio.files import find_audio_files
    from byola_keras.processes import leave

    try:
        if _JSON.value:
            # Now, and not after hours.
            os.makedirs(os.path.dirname(os.path.abspath(_JSON.value)), exist_ok=True)
        paths = find_audio_files(_AUDIO_DIR.value, _FILE_LIST.value, with_folders=True)
        findings = DataCheck()
        for check in check_files(paths, _SHORTEST_SECONDS.value, _WORKERS.value):
            findings.add(check)
            logging.log_every_n_seconds(logging.INFO, "%d of %d files.", 10, findings.files, len(paths))
        print(findings.table(), flush=True)
        if _JSON.value:
            write_text(_JSON.value, json.dumps(findings.to_json(), indent=1) + "\n")
    except (ValueError, OSError) as error:
        leave(f"error: {error}", 1)
    leave("", 1 if findings.problems["unreadable"] else 0)


if __name__ == "__main__":
    app.run(main)
