"""Probes an encoder for instrument family and pitch on rendered notes.

    byola probe_notes --model=runs/quickstart/run --notes_dir=runs/quickstart/notes

What is printed is the accuracy on notes that neither the encoder nor the probe has heard.
"""

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    common.model_flag(values)
    common.definers(values).string("notes_dir", None, "The folder that `byola render_notes` has filled.")
    flags.mark_flags_as_required(["model", "notes_dir"], values)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Trains the probes and prints their table."""
    common.hide_tracing_reports()
    import byola_keras
    from byola_keras.quickstart.notes_probe import as_markdown, probe_notes

    table = probe_notes(byola_keras.load(values.model), values.notes_dir)
    print("Accuracy (%) of a linear probe, tested on notes not heard before:\n")
    print(as_markdown(table))


COMMAND = Command("probe_notes", __doc__, define_flags, run)
