"""`byola export` in a checkout: python tools/export.py --help."""

import sys

from byola_keras.commands import command, export

if __name__ == "__main__":
    command.main(export.COMMAND, sys.argv[1:])
