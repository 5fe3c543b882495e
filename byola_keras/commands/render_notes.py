"""Renders a small corpus of instrument notes for the quickstart.

byola render_notes --output_dir=runs/quickstart/notes
"""

from absl import flags, logging

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("output_dir", None, "The folder for the notes.")
    define.integer("notes_per_program", 25, "Number of notes of each of the 80 instruments.", 4, 48)
    flags.mark_flag_as_required("output_dir", values)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Renders the notes that are not there yet."""
    from byola_keras.quickstart.rendered_notes import plan_notes, render_notes

    notes = plan_notes(values.notes_per_program)
    for number, _ in enumerate(render_notes(values.output_dir, notes), start=1):
        if number % 500 == 0 or number == len(notes):
            logging.info("%d of %d notes in %s.", number, len(notes), values.output_dir)


COMMAND = Command(
    "render_notes",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted. The notes that are there stay; the same command goes on.",
)
