"""Lists the presets that byola_keras.load takes by name.

    byola presets

Those of the package come first, then those in the folders of BYOLA_KERAS_PRESETS, or else in
~/.local/share/byola_keras/presets.
"""

from absl import flags

from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """The command has no flags."""


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Prints a line for each preset."""
    from byola_keras.presets.listing import list_presets

    print(list_presets())


COMMAND = Command("presets", __doc__, define_flags, run)
