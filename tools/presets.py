"""`byola presets` in a checkout: python tools/presets.py --help."""

import sys

from byola_keras.commands import command, presets

if __name__ == "__main__":
    command.main(presets.COMMAND, sys.argv[1:])
