"""Renders a small corpus of instrument notes for the quickstart.

python tools/render_notes.py --output_dir=runs/quickstart/notes
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from absl import app, flags, logging

_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder of the notes.")
_NOTES_PER_PROGRAM = flags.DEFINE_integer("notes_per_program", 25, "Of 80 instruments.", 4, 48)
flags.mark_flag_as_required("output_dir")


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"Arguments must be flags. Received: {argv[1:]}")
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    from byola_keras.quickstart.rendered_notes import plan_notes, render_notes

    notes = plan_notes(_NOTES_PER_PROGRAM.value)
    try:
        for number, _ in enumerate(render_notes(_OUTPUT_DIR.value, notes), start=1):
            if number % 500 == 0 or number == len(notes):
                logging.info("%d of %d notes in %s.", number, len(notes), _OUTPUT_DIR.value)
    except (ImportError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    app.run(main)
