"""Probes an encoder for instrument family and pitch on rendered notes.

    python tools/probe_notes.py --model=runs/quickstart/run --notes_dir=runs/quickstart/notes

Prints the accuracy on notes that neither the encoder nor the probe has heard.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags

_MODEL = flags.DEFINE_string("model", None, "embedder.keras, or a working directory of tools/pretrain.py.")
_NOTES_DIR = flags.DEFINE_string("notes_dir", None, "Folder of tools/render_notes.py.")
flags.mark_flags_as_required(["model", "notes_dir"])


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    import byola_keras
    from byola_keras.quickstart.notes_probe import as_markdown, probe_notes

    try:
        table = probe_notes(byola_keras.load(_MODEL.value), _NOTES_DIR.value)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print("Accuracy (%) of a linear probe, tested on notes not heard before:\n")
    print(as_markdown(table))


if __name__ == "__main__":
    app.run(main)
