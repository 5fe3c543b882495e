"""`byola make_preset` in a checkout: python tools/make_preset.py --help."""

import sys

from byola_keras.commands import command, make_preset

if __name__ == "__main__":
    command.main(make_preset.COMMAND, sys.argv[1:])
